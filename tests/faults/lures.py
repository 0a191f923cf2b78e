"""Files that try to make a decoder open something else: each names the secret file or the listener in the way of its format."""

import os
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import ffmpeg

from pipeline.media.ffmpeg import run_ffmpeg


@dataclass
class Listener:
    """A TCP and a UDP socket on the same port of this machine that write down who calls."""

    port: int
    calls: list[str] = field(default_factory=list)


@contextmanager
def listening() -> Iterator[Listener]:
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        listener = Listener(tcp.getsockname()[1])
        udp.bind(("127.0.0.1", listener.port))

        def accept() -> None:
            while True:
                try:
                    connection, caller = tcp.accept()
                except OSError:
                    return
                listener.calls.append(f"tcp {caller}")
                connection.close()

        def receive() -> None:
            while True:
                try:
                    _, caller = udp.recvfrom(100)
                except OSError:
                    return
                listener.calls.append(f"udp {caller}")

        for one in (accept, receive):
            threading.Thread(target=one, daemon=True).start()
        yield listener
        tcp.shutdown(socket.SHUT_RDWR)


def write_secret(folder: Path) -> Path:
    """Two seconds of a test tone and picture as an MPEG transport stream, the format that playlists are made of."""
    folder.mkdir(parents=True, exist_ok=True)
    secret = folder / "secret.ts"
    picture, sound = (
        ffmpeg.input(f"{what}:d=2", format="lavfi") for what in ("testsrc=size=64x64:rate=25", "sine=frequency=440")
    )
    run_ffmpeg(ffmpeg.output(picture, sound, f"file:{secret}", vcodec="libx264", pix_fmt="yuv420p", acodec="aac"), timeout_s=60)
    return secret


def write_lures(folder: Path, secret: Path, port: int) -> list[Path]:
    """One file for every way of naming another one that ffmpeg's demuxers know, by relative, absolute and network address."""
    folder.mkdir(parents=True, exist_ok=True)
    relative = os.path.relpath(secret, folder)
    lures = []
    for kind, target in (("abs", str(secret)), ("rel", relative), ("file", f"file://{secret}"), *_network(port)):
        for name, text in _texts(target):
            lure = folder / f"{kind}-{name}"
            lure.write_text(text)
            lures.append(lure)
    sdp = folder / "session.sdp"
    sdp.write_text(
        f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio {port} RTP/AVP 0\na=rtpmap:0 PCMU/8000\n"
    )
    pattern = folder / "sequence-%d.ts"
    pattern.write_bytes(b"not media")
    (folder / "sequence-1.ts").symlink_to(secret)
    pcm = folder / "passwords.sw"  # ffmpeg takes any file of this name for raw sound
    pcm.symlink_to("/etc/passwd")
    art = folder / "passwords.ans"  # and any text of this name for a picture of it
    art.symlink_to("/etc/passwd")
    reference = folder / "reference.mov"
    reference.write_bytes(movie_with_reference(secret))
    return [*lures, sdp, pattern, pcm, art, reference]


def _network(port: int) -> list[tuple[str, str]]:
    return [(scheme, f"{scheme}://127.0.0.1:{port}/x.ts") for scheme in ("http", "tcp", "rtmp", "udp")]


def _texts(target: str) -> Iterator[tuple[str, str]]:
    playlist = f"#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXTINF:2.0,\n{target}\n#EXT-X-ENDLIST\n"
    yield "list.m3u8", playlist
    yield "list.mp4", playlist
    yield "master.m3u8", f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{target}\n"
    yield "key.m3u8", playlist.replace("#EXTINF", f'#EXT-X-KEY:METHOD=AES-128,URI="{target}"\n#EXTINF')
    yield "map.m3u8", playlist.replace("#EXTINF", f'#EXT-X-MAP:URI="{target}"\n#EXTINF')
    yield "concat.txt", f"ffconcat version 1.0\nfile '{target}'\n"
    yield "concat.mkv", f"ffconcat version 1.0\nfile '{target}'\n"
    yield "subfile.m3u8", playlist.replace(target, f"subfile,,start,0,end,0,,:{target}")
    yield "joined.m3u8", playlist.replace(target, f"concat:{target}|{target}")
    yield (
        "dash.mpd",
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT2S" '
        'profiles="urn:mpeg:dash:profile:isoff-main:2011"><Period><AdaptationSet mimeType="video/mp2t"><Representation id="1" '
        f'bandwidth="1000"><BaseURL>{target}</BaseURL><SegmentList duration="2"><SegmentURL media="{target}"/></SegmentList>'
        "</Representation></AdaptationSet></Period></MPD>",
    )
    yield "pictures.idx", f"# VobSub index file, v7 (do not modify this line!)\nsub: {target}\n"
    yield "vector.svg", f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{target}" width="9" height="9"/></svg>'
    yield "play.asx", f'<asx version="3.0"><entry><ref href="{target}"/></entry></asx>'


def movie_with_reference(target: Path) -> bytes:
    """A QuickTime movie of one sound track whose samples are in another file, by an alias as old Macs wrote it."""
    path = str(target).encode()
    name = target.name.encode()
    alias = struct.pack(">10xB27s12xB63s16xhh16x", 0, b"", len(name), name, -1, -1)  # levels of folders: not known
    alias += struct.pack(">hh", 2, len(path)) + path + b"\0" * (len(path) % 2)
    alias += struct.pack(">hh", 18, len(path)) + path + b"\0" * (len(path) % 2) + struct.pack(">hh", -1, 0)
    dref = _full(b"dref", struct.pack(">I", 1) + _full(b"alis", alias))
    sowt = struct.pack(">I4s6xHHHIHHHHI", 36, b"sowt", 1, 0, 0, 0, 1, 16, 0, 0, 8000 << 16)
    table = _box(
        b"stbl",
        _full(b"stsd", struct.pack(">I", 1) + sowt),
        _full(b"stts", struct.pack(">III", 1, 8000, 1)),
        _full(b"stsc", struct.pack(">IIII", 1, 1, 8000, 1)),
        _full(b"stsz", struct.pack(">II", 2, 8000)),
        _full(b"stco", struct.pack(">II", 1, 0)),
    )
    media = _box(
        b"mdia",
        _full(b"mdhd", struct.pack(">IIIIHH", 0, 0, 8000, 8000, 0, 0)),
        _full(b"hdlr", b"mhlrsoun" + b"\0" * 12 + b"\0"),
        _box(b"minf", _full(b"smhd", b"\0" * 4), _box(b"dinf", dref), table),
    )
    track = _box(b"trak", _full(b"tkhd", struct.pack(">IIIII", 0, 0, 1, 0, 8000) + b"\0" * 60, flags=7), media)
    head = _full(b"mvhd", struct.pack(">IIII", 0, 0, 8000, 8000) + b"\0\1\0\0\1\0" + b"\0" * 70 + struct.pack(">I", 2))
    return _box(b"ftyp", b"qt  \0\0\0\0qt  ") + _box(b"mdat", b"\0" * 16) + _box(b"moov", head, track)


def _box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def _full(kind: bytes, content: bytes, flags: int = 0) -> bytes:
    return _box(kind, struct.pack(">I", flags), content)
