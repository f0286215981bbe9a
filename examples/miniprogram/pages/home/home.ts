import type { Wattline } from "../../app";
import { Refused } from "../../client/api";
import { CANCELLED, money, type Account } from "../../client/client";
import { PhoneNeeded } from "../../client/session";

const { client } = getApp<Wattline>();

interface Bill {
  no: string;
  period: string;
  amount: string;
  isOpen: boolean;
}

Page({
  data: {
    state: "loading" as "loading" | "phone" | "empty" | "ready" | "failed",
    detail: "",
    account: null as (Pick<Account, "account_no" | "holder" | "address"> & { due: string; dueMinor: number }) | null,
    bills: [] as Bill[],
    isPaying: false,
    phone: "",
    code: "",
    isCodeSent: false,
  },

  onShow() {
    void this.look();
  },

  onPullDownRefresh() {
    void this.look().finally(() => void wx.stopPullDownRefresh());
  },

  /** The button that asks WeChat for the telephone number. */
  async allowPhone(event: WechatMiniprogram.ButtonGetPhoneNumber) {
    const { code } = event.detail;
    if (!code) return;
    await client.session.signIn(code).catch((error: unknown) => this.tell(error));
    await this.look();
  },

  typed(event: WechatMiniprogram.Input) {
    this.setData({ [event.currentTarget.dataset["field"] as string]: event.detail.value });
  },

  /** For whoever keeps the number from WeChat: a code to the telephone proves it. */
  async askCode() {
    try {
      await client.session.askCode(this.data.phone);
      this.setData({ isCodeSent: true, detail: "" });
    } catch (error) {
      this.tell(error);
    }
  },

  async signInByCode() {
    try {
      const isAdded = await client.session.signInByCode(this.data.phone, this.data.code);
      this.setData({ detail: isAdded ? "" : "该微信已绑定其他用户，下次仍需验证码登录。" });
      await this.look();
    } catch (error) {
      this.tell(error);
    }
  },

  async look() {
    try {
      const [account] = await client.accounts();
      if (!account) return this.setData({ state: "empty" });
      const bills = await client.bills(account.account_no);
      this.setData({
        state: "ready",
        account: { ...account, due: money(account.due), dueMinor: account.due.amount_minor },
        bills: bills.map((bill) => ({
          no: bill.bill_no,
          period: bill.period_first.slice(0, 7),
          amount: money(bill.amount),
          isOpen: bill.open.amount_minor > 0,
        })),
      });
    } catch (error) {
      this.tell(error);
    }
  },

  async pay() {
    const { account, isPaying } = this.data;
    if (!account || isPaying) return;
    this.setData({ isPaying: true });
    try {
      const paid = await client.pay(account.account_no, account.dueMinor);
      if (paid !== CANCELLED) await wx.navigateTo({ url: `/pages/receipt/receipt?no=${paid.payment_no}` });
    } catch (error) {
      this.tell(error);
    } finally {
      this.setData({ isPaying: false });
    }
  },

  link() {
    void wx.navigateTo({ url: "/pages/link/link" });
  },

  tell(error: unknown) {
    if (error instanceof PhoneNeeded) return this.setData({ state: "phone" });
    const detail = error instanceof Refused ? error.problem.detail : "网络不稳定，请下拉重试。";
    const { state, account } = this.data;
    this.setData({ state: state === "phone" ? "phone" : account ? "ready" : "failed", detail });
  },
});
