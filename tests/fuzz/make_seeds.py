"""Writes the binary seeds in corpus/: frames and values from the golden frames, and small media.

usage: make_seeds.py

Run it again when golden frames were added; it changes nothing else. The text seeds (sms_texts,
pins, configuration) are written by hand.
"""
import struct
import zlib
from pathlib import Path

HERE = Path(__file__).resolve().parent
GOLDEN = HERE.parent / "schemas" / "golden_frames.txt"
FRAMES = {"request": 0, "reply": 1}  # decoder numbers of frames_fuzz.cpp
FROM_GATEWAY, TO_GATEWAY = 2, 3
SMS = {"hello": FROM_GATEWAY, "mobile_originated": FROM_GATEWAY, "submitted": FROM_GATEWAY,
       "delivery_receipt": FROM_GATEWAY, "location_update": FROM_GATEWAY, "welcome": TO_GATEWAY, "accepted": TO_GATEWAY,
       "failed": TO_GATEWAY, "submit": TO_GATEWAY}
STORED = ["profile", "message", "change", "alias_target", "notification", "record", "tenant"]
# Sizes of the media frames that the golden envelopes describe.
MEDIA = {"request.register": [4], "request.deposit": [8, 3], "request.set_greeting": [4],
         "reply.message": [8, 3], "reply.greeting": [4], "peer.piece": [5], "peer.batch": [8],
         "peer.forward": [5], "peer.answer": [5, 4]}
FRAMED = {"deposit", "listing", "mobile_originated", "submit", "change", "profile", "batch"}
AS_SEGMENT = 0x80


def golden_seeds():
    for line in GOLDEN.read_text().splitlines():
        name, frame = line.split()
        kind, what = name.split(".")
        frame = bytes.fromhex(frame)
        if kind == "stored":
            decoder, media, target = STORED.index(what.removesuffix("_v1").removesuffix("_empty")), b"", "stored"
        elif kind == "sms":
            decoder, media, target = SMS[what], b"", "frames"
        elif kind == "peer":
            sizes = MEDIA.get(name.removesuffix("_v1"), [])
            decoder, media, target = 0, bytes([len(sizes), *sizes]), "peers"
        else:
            sizes = MEDIA.get(name.removesuffix("_v1"), [])
            decoder, media, target = FRAMES[kind], bytes([len(sizes), *sizes]), "frames"
        # The golden frames have one segment: without its table the rest is that segment.
        assert frame[:4] == bytes(4), name
        yield target, name, bytes([decoder | AS_SEGMENT]) + media + frame[8:]
        if what in FRAMED:
            yield target, name + ".framed", bytes([decoder]) + media + frame


def wav(tag, channels, rate, bits, block, data):
    form = struct.pack("<HHIIHH", tag, channels, rate, rate * block, block, bits)
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(data))
    return b"RIFF" + struct.pack("<I", len(body) + len(data)) + body + data


def ogg_page(flags, granule, number, packets):
    return (b"OggS\0" + bytes([flags]) + struct.pack("<QIII", granule, 7, number, 0)
            + bytes([len(packets), *map(len, packets)]) + b"".join(packets))


def box(name, body):
    return struct.pack(">I", 8 + len(body)) + name + body


def mp4(version):
    def header(name, scale, duration, rest):
        times = struct.pack(">QQIQ" if version else ">IIII", 0, 0, scale, duration)
        return box(name, bytes([version, 0, 0, 0]) + times + bytes(rest))
    table = box(b"stts", bytes(4) + struct.pack(">III", 1, 10, 1600))
    media = box(b"mdia", header(b"mdhd", 8000, 16000, 4)
                + box(b"minf", box(b"stbl", table)))
    movie = box(b"moov", box(b"trak", media) + header(b"mvhd", 1000, 2000, 0))
    return box(b"ftyp", b"isom" + bytes(4) + b"isommp42") + box(b"mdat", bytes(16)) + movie


def png():
    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(bytes(2))) + chunk(b"IEND", b""))


def media_seeds():
    opus = b"OpusHead\x01\x01" + struct.pack("<HIhB", 312, 16000, 0, 0)
    return {
        "amr": b"#!AMR\n" + (b"\x3c" + bytes(31)) * 3 + b"\x44" + bytes(5) + b"\x7c",
        "awb": b"#!AMR-WB\n" + (b"\x14" + bytes(32)) * 3 + b"\x7c",
        "wav": wav(7, 1, 8000, 8, 1, bytes(80)),
        "wav_pcm": wav(1, 2, 16000, 16, 4, bytes(80)),
        "wav_gsm": wav(0x31, 1, 8000, 0, 65, bytes(130)),
        "mp3": b"ID3\x04\0\0\0\0\0\x04abcd" + (b"\xff\xf3\x34\xc4" + bytes(68)) * 3,
        "ogg": (ogg_page(2, 0, 0, [opus]) + ogg_page(0, 0, 1, [b"OpusTags" + bytes(8)])
                + ogg_page(4, 312 + 960 * 2, 2, [b"\x08" + bytes(9)] * 3)),
        "mp4": mp4(version=0),
        "mp4_long_times": mp4(version=1),
        "png": png(),
        "jpg": (b"\xff\xd8" + b"\xff\xc0\0\x0b\x08\0\x01\0\x01\x01\x01\x11\0"
                + b"\xff\xda\0\x08\x01\x01\0\0\x3f\0" + b"\x2a\xff\0\x2a" + b"\xff\xd9"),
        "tiff": (b"II*\0\x08\0\0\0" + struct.pack("<H", 3)
                 + struct.pack("<HHII", 256, 4, 1, 8) + struct.pack("<HHII", 257, 4, 1, 1)
                 + struct.pack("<HHII", 273, 4, 1, 0) + bytes(4)),
    }


def main():
    seeds = list(golden_seeds())
    seeds += [("media", name, content) for name, content in media_seeds().items()]
    for target, name, content in seeds:
        folder = HERE / "corpus" / target
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


if __name__ == "__main__":
    main()
