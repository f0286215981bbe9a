import type { Wattline } from "../../app";
import { money, type Payment } from "../../client/client";

const { client } = getApp<Wattline>();
const TITLES: Record<Payment["state"], string> = {
  waiting: "等待支付",
  unknown: "正在确认结果，请勿重复支付",
  paid: "缴费成功",
  suspended: "款项已收到，工作人员将尽快入账",
  closed: "支付已关闭",
  failed: "支付未成功",
};
const AGAIN_MS = 3000;

Page({
  data: { title: "", amount: "", paymentNo: "", accountNo: "", paidAt: "", rows: [] as { name: string; amount: string }[] },
  timer: 0,

  onLoad({ no }: { no?: string }) {
    if (no) void this.look(no);
  },

  onUnload() {
    clearTimeout(this.timer);
  },

  async look(no: string) {
    const payment = await client.receipt(no).catch(() => null);
    if (payment) this.show(payment);
    if (!payment?.is_final) this.timer = setTimeout(() => void this.look(no), AGAIN_MS);
  },

  show(payment: Payment) {
    const currency = payment.amount.currency;
    this.setData({
      title: TITLES[payment.state],
      amount: money(payment.amount),
      paymentNo: payment.payment_no,
      accountNo: payment.account_no,
      paidAt: payment.paid_at ?? "",
      rows: payment.parts
        .filter((part) => part.taken_minor !== null)
        .map((part) => ({
          name: part.no === null ? "预存余额" : `账单 ${part.no}`,
          amount: money({ amount_minor: part.taken_minor ?? 0, currency }),
        })),
    });
  },
});
