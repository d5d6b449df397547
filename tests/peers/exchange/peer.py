#!/usr/bin/env python3
"""python3-exchangelib, an independent EWS client, against the stand-in Exchange server, and beside the plugin `exchange`
in one mailbox: what either writes the other reads.

peer.py BUILD     starts BUILD/bin/syncline-sandbox and works in its mailboxes; exit code 1 after any surprise.
"""
import json
import os
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.parse
import urllib.request
from decimal import Decimal
from pathlib import Path

from exchangelib import (DELEGATE, IMPERSONATION, Account, Body, Configuration, Contact, Credentials, EWSDate,
                         ExtendedProperty, FileAttachment, HTMLBody, Mailbox, Message, Task)
from exchangelib.errors import ErrorItemNotFound, ErrorNonExistentMailbox, ErrorImpersonateUserDenied
from exchangelib.indexed_properties import EmailAddress, PhoneNumber, PhysicalAddress

SANDBOX = None
BUILD = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("build/dev")


class CrmId(ExtendedProperty):
    distinguished_property_set_id = "PublicStrings"
    property_name = "crmid"
    property_type = "String"


class LinkState(ExtendedProperty):
    distinguished_property_set_id = "PublicStrings"
    property_name = "crmLinkState"
    property_type = "Double"


for kind in (Contact, Task, Message):
    kind.register("crm_id", CrmId)
    kind.register("link_state", LinkState)


def account(address="alice@contoso.test", user=None, password=None, access=DELEGATE):
    server = SANDBOX["exchange"]
    own = {m["address"]: m["password"] for m in server["mailboxes"]}
    config = Configuration(service_endpoint=server["url"],
                           credentials=Credentials(user or address, password or own.get(address, "")))
    return Account(address, config=config, autodiscover=False, access_type=access)


class Peer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.account = account()

    def test_the_version_is_negotiated(self):
        self.assertEqual(self.account.version.build.major_version, 15)

    def test_default_folders_and_their_classes(self):
        self.assertEqual(self.account.contacts.folder_class, "IPF.Contact")
        self.assertEqual(self.account.tasks.folder_class, "IPF.Task")
        self.assertEqual(self.account.inbox.name, "Inbox")
        self.assertIn("Recipient Cache", [f.name for f in self.account.root.walk()])

    def test_a_contact_is_found_again_as_it_was_written(self):
        c = Contact(account=self.account, folder=self.account.contacts, display_name="Ann Lee", given_name="Ann", surname="Lee",
                    company_name="Fabrikam & <Sons>", body="Met at the fair.\nLikes tea \U0001f375.",
                    email_addresses=[EmailAddress(label="EmailAddress1", email="ann@fabrikam.test"),
                                     EmailAddress(label="EmailAddress3", email="lee@home.test")],
                    phone_numbers=[PhoneNumber(label="MobilePhone", phone_number="+49 170 1")],
                    physical_addresses=[PhysicalAddress(label="Business", street="1 Main St", city="Springfield",
                                                        zipcode="62701", country="USA")],
                    birthday=EWSDate(1980, 2, 29), categories=["Customer", "VIP"], crm_id="{A-B}", link_state=Decimal(2))
        c.save()
        found = self.account.contacts.get(id=c.id)
        for name in ("given_name", "surname", "company_name", "email_addresses", "phone_numbers", "birthday",
                     "categories", "crm_id", "link_state"):
            self.assertEqual(getattr(found, name), getattr(c, name), name)
        self.assertEqual(found.body, c.body)
        address = found.physical_addresses[0]
        self.assertEqual((address.street, address.city, address.zipcode, address.country),
                         ("1 Main St", "Springfield", "62701", "USA"))
        found.job_title = "Buyer"
        found.company_name = None
        found.phone_numbers = None
        found.save(update_fields=["job_title", "company_name", "phone_numbers"])
        again = self.account.contacts.get(id=c.id)
        self.assertEqual((again.job_title, again.company_name, again.phone_numbers), ("Buyer", None, None))
        self.assertNotEqual(again.changekey, found.id)
        self.assertEqual(self.account.contacts.filter(crm_id="{A-B}").count(), 1)
        again.delete()
        with self.assertRaises(ErrorItemNotFound):
            for found in self.account.fetch([(c.id, None)]):
                raise found

    def test_a_task_is_completed(self):
        t = Task(account=self.account, folder=self.account.tasks, subject="Call back", due_date=EWSDate(2026, 3, 1),
                 importance="High", percent_complete=Decimal(25), status="InProgress")
        t.save()
        found = self.account.tasks.get(id=t.id)
        self.assertEqual((found.subject, found.due_date, found.importance, found.status),
                         ("Call back", EWSDate(2026, 3, 1), "High", "InProgress"))
        self.assertEqual(float(found.percent_complete), 25)
        found.complete()
        done = self.account.tasks.get(id=t.id)
        self.assertEqual((done.status, float(done.percent_complete), done.is_complete), ("Completed", 100, True))
        done.delete()

    def test_a_message_and_its_attachments(self):
        m = Message(account=self.account, folder=self.account.inbox, subject="Grüße", body=HTMLBody("<p>Hello</p>"),
                    to_recipients=[Mailbox(name="Carol", email_address="carol@customer.test")])
        m.attach(FileAttachment(name="offer.pdf", content=b"%PDF-1.7 " + bytes(range(256))))
        m.save()
        late = FileAttachment(name="terms.txt", content=b"terms")
        m.attach(late)
        found = self.account.inbox.get(id=m.id)
        self.assertEqual(found.subject, "Grüße")
        self.assertEqual(found.body, "<p>Hello</p>")
        self.assertEqual([r.email_address for r in found.to_recipients], ["carol@customer.test"])
        self.assertEqual({a.name: a.content for a in found.attachments},
                         {"offer.pdf": b"%PDF-1.7 " + bytes(range(256)), "terms.txt": b"terms"})
        self.assertIn(b"Hello", found.mime_content)
        found.detach([a for a in found.attachments if a.name == "terms.txt"])
        self.assertEqual([a.name for a in self.account.inbox.get(id=m.id).attachments], ["offer.pdf"])
        found.delete()

    def test_changes_of_a_folder_come_as_changes(self):
        first = list(self.account.tasks.sync_items())
        self.assertTrue(all(verb == "create" for verb, _ in first))
        a = Task(account=self.account, folder=self.account.tasks, subject="one").save()
        b = Task(account=self.account, folder=self.account.tasks, subject="two").save()
        changes = list(self.account.tasks.sync_items())
        self.assertEqual([(v, i.subject) for v, i in changes], [("create", "one"), ("create", "two")])
        a.subject = "one more"
        a.save(update_fields=["subject"])
        b.delete()
        changes = list(self.account.tasks.sync_items())
        self.assertEqual([v for v, _ in changes], ["update", "delete"])
        self.assertEqual(list(self.account.tasks.sync_items()), [])
        a.delete()

    def test_a_first_listing_comes_in_pages(self):
        box = account("bob@contoso.test")
        items = [Contact(account=box, folder=box.contacts, display_name=f"n{i:03}", given_name=f"n{i:03}") for i in range(120)]
        box.bulk_create(box.contacts, items)
        found = [i.given_name for _, i in box.contacts.sync_items(only_fields=["given_name"])]
        self.assertEqual(sorted(found), [f"n{i:03}" for i in range(120)])
        self.assertEqual(box.contacts.all().count(), 120)
        self.assertEqual(box.contacts.filter(given_name="n007").count(), 1)
        box.contacts.all().delete()

    def test_a_move_gives_another_id(self):
        t = Task(account=self.account, folder=self.account.tasks, subject="moved").save()
        list(self.account.tasks.sync_items())
        before = t.id
        t.move(self.account.trash)
        self.assertNotEqual(before, t.id)
        self.assertEqual([v for v, _ in self.account.tasks.sync_items()], ["delete"])
        self.assertEqual(self.account.trash.get(id=t.id).subject, "moved")

    def test_who_writes_last_with_an_old_key_is_refused(self):
        c = Contact(account=self.account, folder=self.account.contacts, display_name="Eve", given_name="Eve").save()
        mine = self.account.contacts.get(id=c.id)
        theirs = self.account.contacts.get(id=c.id)
        theirs.job_title = "first"
        theirs.save(update_fields=["job_title"], conflict_resolution="NeverOverwrite")
        mine.job_title = "second"
        with self.assertRaises(Exception) as refused:
            mine.save(update_fields=["job_title"], conflict_resolution="NeverOverwrite")
        self.assertIn("change key", str(refused.exception))
        c.delete()

    def test_events_stream(self):
        server = SANDBOX["exchange"]  # as another account: this client lets one wait for its own stream
        box = account("alice@contoso.test", server["service"], server["service_password"], IMPERSONATION)
        got = []
        with box.tasks.streaming_subscription() as subscription:
            def listen():
                for n in box.tasks.get_streaming_events(subscription, connection_timeout=1):
                    got.extend(e for e in n.events if getattr(e, "item_id", None))
                    if got:
                        return
            listener = threading.Thread(target=listen)
            listener.start()
            t = Task(account=self.account, folder=self.account.tasks, subject="event").save()
            listener.join(20)
            self.assertFalse(listener.is_alive(), "no event came")
            self.assertTrue(any(e.item_id.id == t.id for e in got), got)
        t.delete()

    def test_events_are_pulled(self):
        box = account()
        subscription, watermark = box.tasks.subscribe_to_pull()
        t = Task(account=self.account, folder=self.account.tasks, subject="pulled").save()
        events = [e for n in box.tasks.get_events(subscription, watermark) for e in n.events]
        self.assertTrue(any(getattr(e, "item_id", None) and e.item_id.id == t.id for e in events), events)
        box.tasks.unsubscribe(subscription)
        t.delete()

    def test_the_service_account_may_impersonate_and_nobody_else(self):
        server = SANDBOX["exchange"]
        box = account("bob@contoso.test", server["service"], server["service_password"], IMPERSONATION)
        self.assertEqual(box.inbox.name, "Inbox")
        with self.assertRaises(ErrorNonExistentMailbox):
            account("nobody@contoso.test", server["service"], server["service_password"], IMPERSONATION).inbox
        with self.assertRaises(ErrorImpersonateUserDenied):
            account("bob@contoso.test", "alice@contoso.test", server["mailboxes"][0]["password"], IMPERSONATION).inbox


class Organization:
    """The stand-in CRM, as another program of the company sees it."""

    def __init__(self):
        crm = SANDBOX["crm"]
        form = {"grant_type": "client_credentials", "client_id": crm["client_id"], "scope": crm["scope"],
                "client_secret": crm["client_secret"]}
        with urllib.request.urlopen(crm["token_url"], urllib.parse.urlencode(form).encode()) as answer:
            self.token = json.load(answer)["access_token"]

    def ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        url = SANDBOX["crm"]["api"] + "/" + path.replace(" ", "%20")
        request = urllib.request.Request(url, data, method=method)
        request.add_header("Authorization", "Bearer " + self.token)
        request.add_header("Content-Type", "application/json")
        request.add_header("Prefer", "return=representation")
        with urllib.request.urlopen(request) as answer:
            text = answer.read()
            return json.loads(text) if text else {}

    def rows(self, path):
        return self.ask("GET", path)["value"]


class Beside(unittest.TestCase):
    """The plugin and this client in one mailbox."""

    def setUp(self):
        self.box = account()
        self.box.contacts.all().delete()
        self.box.tasks.all().delete()
        self.crm = Organization()
        self.alice = self.crm.rows("systemusers?$filter=internalemailaddress eq 'alice@contoso.test'")[0]["systemuserid"]
        self.folder = tempfile.TemporaryDirectory()
        crm, server = SANDBOX["crm"], SANDBOX["exchange"]
        self.config = Path(self.folder.name, "syncline.toml")
        self.config.write_text(f"""
first_run = "go"
[store]
plugin = "storage-sqlite"
path = "{self.folder.name}/state.db"
[connection.mail]
plugin = "exchange"
url = "{server['url']}"
auth = {{ method = "basic", user = "{server['service']}", secret = {{ env = "EXCHANGE_SECRET" }} }}
impersonate = true
interop.ms_properties = true
[connection.crm]
plugin = "crm-rest"
url = "{crm['url']}"
[connection.crm.auth]
client_id = "{crm['client_id']}"
token_url = "{crm['token_url']}"
scope = "{crm['scope']}"
secret = {{ env = "CRM_SECRET" }}
[user."alice@contoso.test"]
organization = "crm"
mailbox = {{ connection = "mail" }}
entities = ["contact", "task"]
track = {{ contact = "all", task = "all" }}
""")

    def tearDown(self):
        self.box.contacts.all().delete()
        self.box.tasks.all().delete()
        for table in ("contacts", "tasks"):
            for row in self.crm.rows(table):
                self.crm.ask("DELETE", f"{table}({row[table[:-1] + 'id' if table == 'contacts' else 'activityid']})")
        self.folder.cleanup()

    def syncline(self, *args):
        env = dict(os.environ, EXCHANGE_SECRET=SANDBOX["exchange"]["service_password"],
                   CRM_SECRET=SANDBOX["crm"]["client_secret"])
        done = subprocess.run([BUILD / "bin" / "syncline", "--config", self.config, *args], env=env,
                              capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_what_this_client_writes_arrives_in_the_crm(self):
        Contact(account=self.box, folder=self.box.contacts, display_name="José Núñez", given_name="José",
                surname="Núñez", job_title="Buyer", birthday=EWSDate(1980, 2, 29), body="Likes tea \U0001f375.",
                email_addresses=[EmailAddress(label="EmailAddress1", email="jose@fabrikam.test")],
                phone_numbers=[PhoneNumber(label="MobilePhone", phone_number="+49 170 1")],
                physical_addresses=[PhysicalAddress(label="Business", street="1 Main St", city="Springfield",
                                                    zipcode="62701", country="USA")]).save()
        Task(account=self.box, folder=self.box.tasks, subject="Call back", due_date=EWSDate(2026, 3, 1),
             importance="High", percent_complete=Decimal(25), status="InProgress", body="At noon.").save()
        self.syncline("sync")
        row = [r for r in self.crm.rows("contacts") if r.get("emailaddress1") == "jose@fabrikam.test"]
        self.assertEqual(len(row), 1)
        self.assertEqual({k: row[0].get(k) for k in ("firstname", "lastname", "jobtitle", "birthdate", "mobilephone",
                                                     "address1_city", "address1_line1", "description")},
                         {"firstname": "José", "lastname": "Núñez", "jobtitle": "Buyer", "birthdate": "1980-02-29",
                          "mobilephone": "+49 170 1", "address1_city": "Springfield", "address1_line1": "1 Main St",
                          "description": "Likes tea \U0001f375."})
        task = [r for r in self.crm.rows("tasks") if r.get("subject") == "Call back"]
        self.assertEqual(len(task), 1)
        self.assertEqual(task[0]["scheduledend"][:10], "2026-03-01")
        self.assertEqual(task[0]["percentcomplete"], 25)
        mark = self.box.contacts.all().get()
        self.assertEqual((mark.crm_id or "").strip("{}").lower(), row[0]["contactid"])
        self.assertEqual(mark.link_state, 2)

    def test_what_the_plugin_writes_this_client_reads(self):
        made = self.crm.ask("POST", "contacts", {
            "firstname": "Zoë", "lastname": "O'Neil & <Co>", "emailaddress1": "zoe@fabrikam.test",
            "emailaddress3": "z@home.test", "telephone1": "+1 555", "birthdate": "1999-12-31", "description": "a\nb",
            "address1_city": "Köln", "nickname": "Z", "ownerid@odata.bind": f"systemusers({self.alice})"})
        self.crm.ask("POST", "tasks", {"subject": "Offer", "scheduledend": "2026-05-04T12:00:00Z", "prioritycode": 2,
                                       "ownerid@odata.bind": f"systemusers({self.alice})"})
        self.syncline("sync")
        c = self.box.contacts.all().get()
        self.assertEqual((c.given_name, c.surname, c.nickname, c.birthday, c.body),
                         ("Zoë", "O'Neil & <Co>", "Z", EWSDate(1999, 12, 31), "a\nb"))
        self.assertEqual({(e.label, e.email) for e in c.email_addresses},
                         {("EmailAddress1", "zoe@fabrikam.test"), ("EmailAddress3", "z@home.test")})
        self.assertEqual({(p.label, p.phone_number) for p in c.phone_numbers if p.phone_number},
                         {("BusinessPhone", "+1 555")})
        self.assertEqual(c.file_as, "O'Neil & <Co>, Zoë")
        t = self.box.tasks.all().get()
        self.assertEqual((t.subject, t.due_date, t.importance), ("Offer", EWSDate(2026, 5, 4), "High"))
        # Both sides change; the groups that differ go each their way.
        c.job_title = "Buyer"
        c.save(update_fields=["job_title"])
        self.crm.ask("PATCH", f"contacts({made['contactid']})", {"telephone1": "+1 556"})
        self.syncline("sync")
        c = self.box.contacts.all().get()
        self.assertEqual([p.phone_number for p in c.phone_numbers if p.label == "BusinessPhone"], ["+1 556"])
        self.assertEqual(self.crm.ask("GET", f"contacts({made['contactid']})")["jobtitle"], "Buyer")
        # A pass with nothing new writes nothing.
        key = c.changekey
        self.syncline("sync")
        self.assertEqual(self.box.contacts.all().get().changekey, key)

    def test_a_deletion_follows_its_rule(self):
        Contact(account=self.box, folder=self.box.contacts, display_name="Eve", given_name="Eve").save()
        self.syncline("sync")
        self.assertEqual(len(self.crm.rows("contacts?$filter=firstname eq 'Eve'")), 1)
        t = Task(account=self.box, folder=self.box.tasks, subject="Done with").save()
        self.syncline("sync")
        t.delete()
        self.syncline("sync")
        self.syncline("sync")
        self.assertEqual(self.crm.rows("tasks?$filter=subject eq 'Done with'"), [])
        self.assertEqual(len(self.crm.rows("contacts?$filter=firstname eq 'Eve'")), 1)


def main():
    global SANDBOX
    with subprocess.Popen([BUILD / "bin" / "syncline-sandbox", "--mails", "0", "--until-eof"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as sandbox:
        SANDBOX = json.loads(sandbox.stdout.readline())
        try:
            ok = unittest.main(argv=sys.argv[:1] + sys.argv[2:], exit=False, verbosity=2).result.wasSuccessful()
        finally:
            sandbox.stdin.close()
    sys.exit(0 if ok else 1)


if __name__ == "__main__":
    main()
