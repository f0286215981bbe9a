// What a customer does, without a page: pages call this, and so does the test.
import { Api, overWechat, Unanswered, type Schemas, type Transport } from "./api";
import { Session, token } from "./session";

export type Account = Schemas["AccountSummary"];
export type Bill = Schemas["Bill"];
export type Payment = Schemas["Payment"];
type Parameters = Record<"timeStamp" | "nonceStr" | "package" | "paySign", string>;

export const CANCELLED = "cancelled";
const TRIES = 3;

export class Client {
  readonly session: Session;
  private readonly api: Api;

  constructor(
    base: string,
    private readonly appid: string,
    transport: Transport = overWechat,
    locale = "zh-CN",
  ) {
    this.api = new Api(base, transport, locale);
    this.session = new Session(this.api, appid);
  }

  accounts(): Promise<Account[]> {
    return this.session.with(async (key) => (await this.api.call("get", "/api/v1/accounts", {}, key)).items);
  }

  /** Adds an account by its number, one character of its holder's name, and what the last bill was. */
  link(accountNo: string, nameCharacter: string, lastBillMinor: number): Promise<Schemas["LinkedAccount"]> {
    const proof = { kind: "last_bill_amount" as const, name_character: nameCharacter, amount_minor: lastBillMinor };
    const body = { account_no: accountNo, proof };
    return this.once((key, bearer) => this.api.call("post", "/api/v1/account-links", { body, key }, bearer));
  }

  bills(accountNo: string): Promise<Bill[]> {
    const asked = { path: { account_no: accountNo } };
    return this.session.with(
      async (key) => (await this.api.call("get", "/api/v1/accounts/{account_no}/bills", asked, key)).items,
    );
  }

  /** Pays inside WeChat; answers the payment as the supplier knows it, or that the customer went away. */
  async pay(accountNo: string, amountMinor: number): Promise<Payment | typeof CANCELLED> {
    const body = {
      account_no: accountNo,
      amount_minor: amountMinor,
      method: "wechat_jsapi" as const,
      wechat: { appid: this.appid },
    };
    const begun = await this.once((key, bearer) => this.api.call("post", "/api/v1/payments", { body, key }, bearer));
    const given = begun.pay?.parameters as Parameters | null | undefined;
    if (given && !(await handOver(given))) return CANCELLED;
    return this.check(begun.payment.payment_no);
  }

  /** Has the supplier ask WeChat Pay now: what the client of WeChat says proves nothing. */
  check(paymentNo: string): Promise<Payment> {
    const asked = { path: { payment_no: paymentNo } };
    return this.session.with((key) => this.api.call("post", "/api/v1/payments/{payment_no}/check", asked, key));
  }

  receipt(paymentNo: string): Promise<Payment> {
    const asked = { path: { payment_no: paymentNo } };
    return this.session.with((key) => this.api.call("get", "/api/v1/payments/{payment_no}", asked, key));
  }

  /** The same call under the same key until an answer comes: it is done once, however often it arrives. */
  private async once<T>(work: (key: string, bearer: string) => Promise<T>): Promise<T> {
    const key = await token(32);
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.session.with((bearer) => work(key, bearer));
      } catch (error) {
        if (!(error instanceof Unanswered) || tries === TRIES) throw error;
      }
    }
  }
}

/** Lets the customer pay in WeChat's own sheet; false when they closed it. */
async function handOver(given: Parameters): Promise<boolean> {
  try {
    await wx.requestPayment({ ...given, signType: "RSA" });
    return true;
  } catch (error) {
    if ((error as { errMsg?: string }).errMsg === "requestPayment:fail cancel") return false;
    throw error;
  }
}

/** An amount as people read it; minor units are whole numbers and stay so. */
export function money({ amount_minor, currency }: Schemas["Amount"]): string {
  const sign = currency === "CNY" ? "¥" : `${currency} `;
  const digits = String(amount_minor).padStart(3, "0");
  return `${sign}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
