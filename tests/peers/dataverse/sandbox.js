// Starts syncline-sandbox, gets a token as a client would, and ends it when its standard input closes.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

export async function startSandbox(program, args = []) {
  const child = spawn(program, ["--until-eof", ...args], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve(signal ?? code));
  });
  const ready = new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", (line) => resolve(JSON.parse(line)));
    ended.then((how) => reject(new Error(`the sandbox ended before it was ready: ${how}`)), reject);
  });
  const addresses = await ready;
  return {
    ...addresses,
    async stop() {
      child.stdin.end();
      return ended;
    },
  };
}

export async function askForToken(crm, secret = crm.client_secret) {
  const body = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: crm.client_id,
    client_secret: secret,
    scope: crm.scope,
  });
  const answer = await fetch(crm.token_url, { method: "POST", body });
  return { status: answer.status, ...(await answer.json()) };
}

export async function control(crm, method, what, body) {
  const answer = await fetch(`${crm.url}/_sandbox/${what}`, { method, body: body && JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${what}: ${answer.status} ${await answer.text()}`);
  return answer.status === 204 ? undefined : answer.json();
}
