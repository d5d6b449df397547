// An independent client (npm: dynamics-web-api) against the sandbox organization. Usage: node peer.js PATH-OF-SANDBOX
import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { DynamicsWebApi } from "dynamics-web-api";
import { askForToken, control, startSandbox } from "./sandbox.js";

const program = process.argv[2];
if (!program) {
  console.error("peer.js: name the program: node peer.js PATH-OF-SYNCLINE-SANDBOX");
  process.exit(2);
}

const refused = async (work, status, code) => {
  await assert.rejects(work, (error) => {
    assert.equal(error.status, status, error.message);
    if (code) assert.equal(error.code, code, error.message);
    return true;
  });
};

async function tokens({ crm }) {
  const wrong = await askForToken(crm, "not the secret");
  assert.equal(wrong.status, 401);
  assert.equal(wrong.error, "invalid_client");
  const without = new DynamicsWebApi({ serverUrl: crm.url, dataApi: { version: "9.2" } });
  await refused(() => without.retrieveMultiple({ collection: "contacts" }), 401);
}

async function records({ api }) {
  const account = await api.create({ collection: "accounts", data: { name: "Northwind Peer" } });
  assert.match(account, /^[0-9a-f-]{36}$/);
  const contact = await api.create({
    collection: "contacts",
    data: { firstname: "Ann", lastname: "Lee", "parentcustomerid_account@odata.bind": `/accounts(${account})` },
    returnRepresentation: true,
    select: ["fullname", "_parentcustomerid_value"],
  });
  assert.equal(contact.fullname, "Ann Lee");
  assert.equal(contact._parentcustomerid_value, account);

  const read = () =>
    api.retrieve({ collection: "contacts", key: contact.contactid, select: ["jobtitle", "_parentcustomerid_value"], includeAnnotations: "*" });
  const first = await read();
  assert.equal(first["_parentcustomerid_value@Microsoft.Dynamics.CRM.lookuplogicalname"], "account");
  assert.equal(first["_parentcustomerid_value@OData.Community.Display.V1.FormattedValue"], "Northwind Peer");
  const etag = first["@odata.etag"];
  assert.match(etag, /^W\/"\d+"$/);

  await api.update({ collection: "contacts", key: contact.contactid, data: { jobtitle: "Buyer" }, ifmatch: etag });
  const second = await read();
  assert.equal(second.jobtitle, "Buyer");
  assert.notEqual(second["@odata.etag"], etag);
  // This client answers "false" for a 412 if it was asked to match a version.
  assert.equal(await api.update({ collection: "contacts", key: contact.contactid, data: { jobtitle: "Chief" }, ifmatch: etag }), false);
  assert.equal(await api.deleteRecord({ collection: "contacts", key: contact.contactid, ifmatch: etag }), false);
  assert.equal((await read()).jobtitle, "Buyer");

  await api.updateSingleProperty({ collection: "contacts", key: contact.contactid, fieldValuePair: { jobtitle: "Head of purchasing" } });
  assert.equal((await read()).jobtitle, "Head of purchasing");
  await api.deleteRecord({ collection: "contacts", key: contact.contactid, property: "jobtitle" });
  assert.equal((await read()).jobtitle, null);
  await api.disassociateSingleValued({ collection: "contacts", primaryKey: contact.contactid, navigationProperty: "parentcustomerid_account" });
  assert.equal((await read())._parentcustomerid_value, null);
  await api.associateSingleValued({
    collection: "contacts",
    primaryKey: contact.contactid,
    navigationProperty: "parentcustomerid_account",
    relatedCollection: "accounts",
    relatedKey: account,
  });
  assert.equal((await read())._parentcustomerid_value, account);

  await api.deleteRecord({ collection: "contacts", key: contact.contactid });
  await refused(read, 404, "0x80040217");
  await refused(() => api.deleteRecord({ collection: "contacts", key: contact.contactid }), 404, "0x80040217");
  await refused(() => api.update({ collection: "contacts", key: contact.contactid, data: { jobtitle: "x" } }), 404);
}

async function contactsAndTasks({ api }, crm) {
  const key = randomUUID();
  const data = { firstname: "Ann", lastname: "Ames", emailaddress1: "ann@peer.test", birthdate: "1980-02-29", address2_city: "Bonn", yomilastname: "A" };
  const made = await api.upsert({ collection: "contacts", key, data, ifnonematch: "*", returnRepresentation: true, select: Object.keys(data) });
  for (const [column, value] of Object.entries(data)) assert.equal(made[column], value);
  await control(crm, "POST", "faults", { behaviour: { secured: ["contact.birthdate"], missing_privileges: ["prvDeleteContact", "prvWriteActivity"] } });
  assert.equal((await api.retrieve({ collection: "contacts", key, select: ["birthdate"] })).birthdate, null);
  await refused(() => api.update({ collection: "contacts", key, data: { birthdate: "1990-01-01" } }), 403, "0x8004f508");
  await refused(() => api.deleteRecord({ collection: "contacts", key }), 403, "0x80040220");
  const task = await api.create({ collection: "tasks", data: { subject: "Peer" } });
  await refused(() => api.update({ collection: "tasks", key: task, data: { subject: "No" } }), 403, "0x80040220");
  await control(crm, "POST", "faults", { behaviour: { secured: [], missing_privileges: [], duplicate_rule: true } });
  await refused(() => api.create({ collection: "contacts", data, duplicateDetection: true }), 500, "0x80040333");
  const twin = await api.create({ collection: "contacts", data });
  await control(crm, "POST", "faults", { behaviour: { duplicate_rule: false } });
  for (const contact of [key, twin]) await api.deleteRecord({ collection: "contacts", key: contact });
  await api.deleteRecord({ collection: "tasks", key: task });

  for (const [collection, closed] of [["tasks", 5], ["phonecalls", 2], ["letters", 4], ["faxes", 2]]) {
    const id = await api.create({ collection, data: { subject: "Open", scheduledend: "2026-01-09T12:00:00Z" } });
    const read = () => api.retrieve({ collection, key: id, select: ["subject", "statecode", "statuscode"] });
    const etag = (await read())["@odata.etag"];
    await api.update({ collection, key: id, data: { statecode: 1, statuscode: closed }, ifmatch: etag });
    await refused(() => api.update({ collection, key: id, data: { subject: "No" } }), 400);
    assert.equal(await api.deleteRecord({ collection, key: id, ifmatch: etag }), false);
    await api.update({ collection, key: id, data: { statecode: 0 } });
    await api.update({ collection, key: id, data: { subject: "Again" } });
    const again = await read();
    assert.deepEqual([again.subject, again.statecode], ["Again", 0]);
    await api.deleteRecord({ collection, key: id, ifmatch: again["@odata.etag"] });
    await refused(read, 404, "0x80040217");
  }
}

async function upserts({ api }) {
  const key = randomUUID();
  const created = await api.upsert({ collection: "contacts", key, data: { lastname: "First" }, ifnonematch: "*", returnRepresentation: true });
  assert.equal(created.contactid, key);
  // And "null" for a 412 of an upsert that may only create.
  assert.equal(await api.upsert({ collection: "contacts", key, data: { lastname: "Second" }, ifnonematch: "*" }), null);
  assert.equal((await api.retrieve({ collection: "contacts", key, select: ["lastname"] })).lastname, "First");
  await api.upsert({ collection: "contacts", key, data: { lastname: "Third" } });
  assert.equal((await api.retrieve({ collection: "contacts", key, select: ["lastname"] })).lastname, "Third");
  await refused(() => api.create({ collection: "contacts", data: { contactid: key, lastname: "Fourth" } }), 412, "0x80040237");
}

async function lists({ api }) {
  for (let i = 0; i < 12; ++i)
    await api.create({ collection: "tasks", data: { subject: `page ${String(i).padStart(2, "0")}`, percentcomplete: i, scheduledend: `2026-02-${10 + i}T09:00:00Z` } });
  const request = { collection: "tasks", select: ["subject", "percentcomplete"], filter: "startswith(subject,'page')", orderBy: ["subject desc"] };
  const page = await api.retrieveMultiple({ ...request, maxPageSize: 5, count: true });
  assert.equal(page.value.length, 5);
  assert.equal(page.oDataCount, 12);
  assert.ok(page.oDataNextLink);
  const next = await api.retrieveMultiple({ ...request, maxPageSize: 5 }, page.oDataNextLink);
  assert.equal(next.value[0].subject, "page 06");
  const all = await api.retrieveAll({ ...request, maxPageSize: 5 });
  assert.deepEqual(all.value.map((row) => row.percentcomplete), [11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
  assert.equal(await api.count({ collection: "tasks", filter: "percentcomplete ge 4 and not (percentcomplete gt 9 or subject eq 'page 05')" }), 5);
  assert.equal(await api.countAll({ collection: "tasks", filter: "scheduledend lt 2026-02-13T00:00:00Z", select: ["subject"] }), 3);
  const some = await api.retrieveMultiple({ ...request, filter: "Microsoft.Dynamics.CRM.In(PropertyName='subject',PropertyValues=['page 01','page 07','none'])" });
  assert.deepEqual(some.value.map((row) => row.subject), ["page 07", "page 01"]);
  assert.equal((await api.retrieveMultiple({ ...request, top: 2 })).value.length, 2);
  await refused(() => api.retrieveMultiple({ ...request, filter: "nosuchcolumn eq 1" }), 400);
  await refused(() => api.retrieveMultiple({ collection: "tasks", select: ["nosuchcolumn"] }), 400);
}

async function changes({ api }) {
  const kept = await api.create({ collection: "leads", data: { lastname: "Kept" } });
  const dropped = await api.create({ collection: "leads", data: { lastname: "Dropped" } });
  const request = { collection: "leads", select: ["lastname"], trackChanges: true };
  const first = await api.retrieveAll({ ...request, maxPageSize: 1 });
  assert.equal(first.value.length, 2);
  assert.ok(first.oDataDeltaLink, "no delta link on the last page");
  await api.update({ collection: "leads", key: kept, data: { lastname: "Changed" } });
  const added = await api.create({ collection: "leads", data: { lastname: "Added" } });
  await api.deleteRecord({ collection: "leads", key: dropped });
  const between = await api.create({ collection: "leads", data: { lastname: "Between" } });
  await api.deleteRecord({ collection: "leads", key: between });
  const delta = await api.retrieveMultiple({ collection: "leads" }, first.oDataDeltaLink);
  assert.deepEqual(delta.value.filter((row) => row.leadid).map((row) => [row.leadid, row.lastname]), [[kept, "Changed"], [added, "Added"]]);
  assert.deepEqual(delta.value.filter((row) => row.reason === "deleted").map((row) => row.id), [dropped, between]);
  const quiet = await api.retrieveMultiple({ collection: "leads" }, delta.oDataDeltaLink);
  assert.deepEqual(quiet.value, []);
  await refused(() => api.retrieveMultiple({ ...request, filter: "lastname eq 'x'" }), 400);
  return async (crm) => {
    await control(crm, "POST", "faults", { expire_delta_tokens: true });
    await refused(() => api.retrieveMultiple({ collection: "leads" }, quiet.oDataDeltaLink), 400, "0x80044352");
  };
}

async function emails({ api }, crm) {
  const bytes = Buffer.from(Array.from({ length: 3000 }, (_, i) => i % 251));
  const key = randomUUID();
  await api.create({
    collection: "emails",
    data: {
      activityid: key,
      subject: "Peer",
      description: "<p>Hello</p>",
      directioncode: false,
      messageid: "<peer@contoso.test>",
      email_activity_parties: [
        { addressused: "someone@example.test", participationtypemask: 1 },
        { addressused: "alice@contoso.test", participationtypemask: 2 },
      ],
    },
  });
  await api.create({
    collection: "activitymimeattachments",
    data: { "objectid_email@odata.bind": `/emails(${key})`, objecttypecode: "email", filename: "a.bin", mimetype: "application/octet-stream", body: bytes.toString("base64") },
  });
  const mail = await api.retrieve({
    collection: "emails",
    key,
    select: ["messageid", "statuscode", "attachmentcount"],
    expand: [
      { property: "email_activity_parties", select: ["participationtypemask", "addressused"] },
      { property: "email_activity_mime_attachment", select: ["filename", "filesize"] },
    ],
  });
  assert.equal(mail.messageid, "<peer@contoso.test>");
  assert.equal(mail.attachmentcount, 1);
  assert.deepEqual(mail.email_activity_mime_attachment.map((file) => [file.filename, file.filesize]), [["a.bin", 3000]]);
  assert.deepEqual(mail.email_activity_parties.filter((p) => p.participationtypemask < 5).map((p) => p.addressused), ["someone@example.test", "alice@contoso.test"]);
  await refused(() => api.update({ collection: "emails", key, data: { statecode: 1, statuscode: 1 } }), 400, "0x80048408");
  await api.update({ collection: "emails", key, data: { statecode: 1, statuscode: 4 } });
  await refused(() => api.update({ collection: "emails", key, data: { subject: "No" } }), 400);
  await refused(
    () => api.create({ collection: "activitymimeattachments", data: { "objectid_email@odata.bind": `/emails(${key})`, filename: "b.bin", body: "AAAA" } }),
    400,
  );
  const state = await control(crm, "GET", "state");
  const stored = state.activitymimeattachments.find((file) => file._objectid_value === key);
  assert.equal(stored.body_sha256, createHash("sha256").update(bytes).digest("hex"));
  assert.equal(stored.body, undefined);
}

async function batches({ api }) {
  api.startBatch();
  api.create({ collection: "accounts", data: { name: "Batch account" }, contentId: "1" });
  api.create({ collection: "contacts", data: { lastname: "Batch contact", "parentcustomerid_account@odata.bind": "$1" }, contentId: "2" });
  const [account, contact] = await api.executeBatch();
  const row = await api.retrieve({ collection: "contacts", key: contact, select: ["_parentcustomerid_value"] });
  assert.equal(row._parentcustomerid_value, account);

  // A change set that fails leaves nothing behind.
  api.startBatch();
  api.create({ collection: "contacts", data: { lastname: "Half a batch" }, contentId: "1" });
  api.create({ collection: "contacts", data: { lastname: "x".repeat(51) }, contentId: "2" });
  await assert.rejects(() => api.executeBatch());
  assert.equal(await api.count({ collection: "contacts", filter: "lastname eq 'Half a batch'" }), 0);

  // Single requests: the failure of one does not stop the others if that was asked for.
  api.startBatch();
  api.retrieveMultiple({ collection: "accounts", select: ["name"], filter: "name eq 'Batch account'" });
  api.retrieve({ collection: "contacts", key: randomUUID(), select: ["lastname"] });
  api.retrieveMultiple({ collection: "contacts", select: ["lastname"], filter: "lastname eq 'Batch contact'" });
  const answers = await api.executeBatch({ continueOnError: true });
  assert.equal(answers.length, 3);
  assert.equal(answers[0].value.length, 1);
  assert.equal(answers[1].status, 404);
  assert.equal(answers[1].error.code, "0x80040217");
  assert.equal(answers[2].value[0].lastname, "Batch contact");
}

async function discovery({ api }) {
  const { value } = await api.retrieveEntities({ select: ["LogicalName", "EntitySetName"], filter: "ChangeTrackingEnabled eq true" });
  const sets = Object.fromEntries(value.map((entity) => [entity.LogicalName, entity.EntitySetName]));
  assert.equal(sets.email, "emails");
  assert.equal(sets.activitymimeattachment, "activitymimeattachments");
  assert.match(await api.retrieveCsdlMetadata(), /<EntityType Name="email">/);
  const me = await api.callFunction("WhoAmI");
  assert.match(me.UserId, /^[0-9a-f-]{36}$/);
}

async function faults({ api }, crm) {
  await control(crm, "POST", "faults", { faults: [{ method: "GET", path: "queues", status: 503, code: "0x80044154", retry_after: 1 }] });
  await refused(() => api.retrieveMultiple({ collection: "queues" }), 503, "0x80044154");
  assert.equal((await api.retrieveMultiple({ collection: "queues" })).value.length, 1);
  await control(crm, "POST", "faults", { faults: [{ action: "drop_after", method: "POST", path: "queues" }] });
  await assert.rejects(() => api.create({ collection: "queues", data: { name: "Lost answer" } }));
  assert.equal(await api.count({ collection: "queues", filter: "name eq 'Lost answer'" }), 1);
  await control(crm, "POST", "faults", { faults: [{ action: "drop_before", method: "POST", path: "queues" }] });
  await assert.rejects(() => api.create({ collection: "queues", data: { name: "Lost request" } }));
  assert.equal(await api.count({ collection: "queues", filter: "name eq 'Lost request'" }), 0);
}

const sandbox = await startSandbox(program, ["--mails", "0", "--max-page", "1000"]);
const crm = sandbox.crm;
try {
  await tokens({ crm });
  const token = await askForToken(crm);
  assert.equal(token.status, 200);
  assert.equal(token.expires_in, 3600);
  const api = new DynamicsWebApi({ serverUrl: crm.url, dataApi: { version: "9.2" }, onTokenRefresh: async () => token.access_token });
  const client = { api };
  for (const step of [records, contactsAndTasks, upserts, lists, emails, batches, discovery, faults]) {
    await step(client, crm);
    console.log(`ok ${step.name}`);
  }
  const expire = await changes(client);
  await expire(crm);
  console.log("ok changes");
  await control(crm, "POST", "faults", { expire_tokens: true });
  await refused(() => api.retrieveMultiple({ collection: "contacts" }), 401);
  console.log("ok tokens");
} finally {
  assert.equal(await sandbox.stop(), 0, "the sandbox did not end with 0");
}
