"""Models behind a server: one client for OpenAI and every OpenAI-compatible server, shared by all roles."""
