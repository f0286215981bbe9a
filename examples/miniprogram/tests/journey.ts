// The client's whole way against a running supplier: sign in, link, bills, pay, receipt. The sandbox plays WeChat and its people.
// Called by tests/examples/test_miniprogram.py; prints what it saw as JSON.
import { Api, overWechat, Refused, type Answer, type Transport } from "../client/api";
import { CANCELLED, Client, money } from "../client/client";
import { PhoneNeeded } from "../client/session";

interface Given {
  supplier: string;
  sandbox: string;
  appid: string;
  person: number;
  other: number;
  phone: string;
  account_no: string;
  name_character: string;
  last_bill_minor: number;
}

declare const process: { argv: string[]; exitCode: number };

const given = JSON.parse(process.argv[2] ?? "{}") as Given;
const kept = new Map<string, unknown>();
let person = given.person;
let isGoingAway = false;

const sandbox = async (path: string, body: object): Promise<Record<string, string>> => {
  const answer = await fetch(given.sandbox + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return (await answer.json()) as Record<string, string>;
};

const codeOf = async (kind: "js" | "phone"): Promise<string> =>
  (await sandbox("/__sandbox__/wechat/codes", { kind, appid: given.appid, person }))["code"] ?? "";

const smsCode = async (): Promise<string> => {
  const told = await fetch(`${given.sandbox}/__sandbox__/messages?to=${encodeURIComponent(given.phone)}`);
  const [latest] = (await told.json()) as { params: { code: string } }[];
  return latest?.params.code ?? "";
};

// What WeChat's own client gives to a mini-program, as far as this one asks for it.
Object.assign(globalThis, {
  wx: {
    getStorageSync: (name: string) => kept.get(name) ?? "",
    setStorageSync: (name: string, value: unknown) => kept.set(name, value),
    removeStorageSync: (name: string) => kept.delete(name),
    getRandomValues: async ({ length }: { length: number }) => ({
      randomValues: crypto.getRandomValues(new Uint8Array(length)).buffer,
    }),
    getDeviceInfo: () => ({ model: "V2309A" }),
    login: async () => ({ code: await codeOf("js"), errMsg: "login:ok" }),
    request: (asked: {
      url: string;
      method: string;
      header: Record<string, string>;
      data?: string;
      success: (told: { statusCode: number; data: unknown }) => void;
      fail: (told: { errMsg: string }) => void;
    }) => {
      const { url, method, header, data } = asked;
      fetch(url, { method, headers: header, ...(data === undefined ? {} : { body: data }) })
        .then(async (answer) => {
          const text = await answer.text();
          asked.success({ statusCode: answer.status, data: text ? (JSON.parse(text) as unknown) : "" });
        })
        .catch((error: unknown) => asked.fail({ errMsg: `request:fail ${String(error)}` }));
    },
    requestPayment: async (sheet: { package: string; signType: string }) => {
      if (isGoingAway) throw { errMsg: "requestPayment:fail cancel" };
      if (sheet.signType !== "RSA") throw { errMsg: "requestPayment:fail" };
      const form = new URLSearchParams({ pr: sheet.package.replace("prepay_id=", ""), act: "pay" });
      await fetch(`${given.sandbox}/wechat-pay/pay`, { method: "POST", body: form, redirect: "manual" });
      return { errMsg: "requestPayment:ok" };
    },
  },
});

/** Loses the answer of the first call that makes something, after it has arrived. */
const losing = (): Transport => {
  const lost = new Set<string>();
  return async (method, url, headers, body): Promise<Answer> => {
    const answer = await overWechat(method, url, headers, body);
    if (headers["idempotency-key"] && !lost.has(url)) {
      lost.add(url);
      const { Unanswered } = await import("../client/api");
      throw new Unanswered("lost");
    }
    return answer;
  };
};

const refusal = async (work: () => Promise<unknown>): Promise<string> => {
  try {
    await work();
    return "";
  } catch (error) {
    return error instanceof Refused ? error.code : error instanceof PhoneNeeded ? "PhoneNeeded" : String(error);
  }
};

const main = async (): Promise<void> => {
  const client = new Client(given.supplier, given.appid, losing());
  const stranger = await refusal(() => client.accounts());
  const signedIn = [await client.session.signIn(), await client.session.signIn(await codeOf("phone"))];
  const wrong = await refusal(() => client.link(given.account_no, given.name_character, given.last_bill_minor + 1));
  const linked = await client.link(given.account_no, given.name_character, given.last_bill_minor);
  const [account] = await client.accounts();
  const bills = await client.bills(linked.account_no);
  const due = account?.due ?? { amount_minor: 0, currency: "" };
  isGoingAway = true;
  const cancelled = (await client.pay(linked.account_no, due.amount_minor)) === CANCELLED;
  isGoingAway = false;
  const payment = await client.pay(linked.account_no, due.amount_minor);
  if (payment === CANCELLED) throw new Error("nobody went away");
  const receipt = await client.receipt(payment.payment_no);
  // A new start of the app, with a token that has run out: what was kept is enough.
  const later = new Client(given.supplier, given.appid);
  const many = await Promise.all([later.accounts(), later.accounts(), later.accounts()]);
  await later.session.signOut();
  // Another telephone and another WeChat: in by a code that is sent, from then on by that WeChat, until one parts from it.
  person = given.other;
  const byCode = new Client(given.supplier, given.appid);
  await byCode.session.askCode(given.phone);
  const added = await byCode.session.signInByCode(given.phone, await smsCode());
  kept.clear();
  const byWechat = new Client(given.supplier, given.appid);
  const known = await byWechat.session.signIn();
  await byWechat.session.removeWechat();
  const parted = await byWechat.session.signIn();
  await byWechat.session.signOut();
  const api = new Api(given.supplier, overWechat, "en");
  console.log(
    JSON.stringify({
      stranger,
      signedIn,
      wrong,
      linked: linked.account_no,
      bills: bills.map((bill) => bill.bill_no),
      due: money(due),
      cancelled,
      receipt,
      added: [added, known, parted],
      left: many.map(([first]) => first?.due.amount_minor),
      refused: await refusal(() => api.call("get", "/api/v1/me", {}, "made-up")),
      kept: [...kept.keys()],
    }),
  );
};

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
