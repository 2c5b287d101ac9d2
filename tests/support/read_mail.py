# Reads each mail of a folder with Python's standard library, and prints what it finds as JSON.
import email, email.policy, json, pathlib, re, sys

def part(part):
    body = part.get_content()
    data = body.encode() if isinstance(body, str) else body
    return {
        "type": part.get_content_type(), "name": part.get_filename(), "id": part.get("content-id"),
        "disposition": part.get_content_disposition(), "bytes": len(data),
        "begins": data[:8].decode("latin-1"), "defects": [str(defect) for defect in part.defects],
    }

mails = []
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    html = mail.get_body(("html",)).get_content()
    mails.append({
        "subject": mail["subject"], "from": mail["from"], "id": mail["message-id"],
        "envelope_to": mail["envelope-to"], "to": [address.addr_spec for address in mail["to"].addresses],
        "names": [address.display_name for address in mail["to"].addresses],
        "structure": [child.get_content_type() for child in mail.walk()],
        "text": mail.get_body(("plain",)).get_content(), "html": html,
        "shows": sorted(set(re.findall(r'cid:([^"\')]+)', html))),
        "parts": [part(child) for child in mail.walk() if not child.is_multipart()],
        "defects": [str(defect) for defect in mail.defects],
    })
json.dump(mails, sys.stdout)
