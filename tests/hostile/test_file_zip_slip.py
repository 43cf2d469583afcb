"""Zip archives whose members lead out of them, are links, or are encrypted: refused as a whole."""

import io
import zipfile

import pytest


def archive(name, mode=0o100644, flags=0):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as opened:
        opened.writestr("good.xml", b"<a/>")
        member = zipfile.ZipInfo("x")
        member.filename, member.external_attr = name, mode << 16
        opened.writestr(member, b"/etc/passwd")
    content = held.getvalue()
    if flags:
        at = content.rindex(b"PK\x01\x02") + 8
        content = content[:at] + bytes([flags]) + content[at + 1 :]
    return content


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (archive("../../etc/cron.d/x.xml"), "leads out of the archive"),
        (archive("a/../../x.xml"), "leads out of the archive"),
        (archive("/etc/x.xml"), "leads out of the archive"),
        (archive("..\\x.xml"), "leads out of the archive"),
        (archive("C:\\x.xml"), "leads out of the archive"),
        (archive("C:x.xml"), "leads out of the archive"),
        (archive("x.xml", mode=0o120777), "is no regular file"),
        (archive("x.xml", mode=0o020644), "is no regular file"),
        (archive("x.xml", flags=1), "is encrypted"),
    ],
)
def test_refused(drop, tmp_path, content, said):
    before = {path for path in tmp_path.rglob("*") if "inbox" not in path.parts and "data" not in path.parts}
    drop.put("evil.zip", content)
    (report,) = drop.take()
    assert (report.outcome, len(report.messages)) == ("rejected", 1)
    assert said in report.line
    assert before == {
        path for path in tmp_path.rglob("*") if "inbox" not in path.parts and "data" not in path.parts
    }
