import type { Wattline } from "../../app";
import { Refused } from "../../client/api";

const { client } = getApp<Wattline>();

Page({
  data: { accountNo: "", nameCharacter: "", lastBill: "", detail: "", isSending: false },

  async send() {
    const { accountNo, nameCharacter, lastBill } = this.data;
    const yuan = /^(\d{1,9})(?:\.(\d{1,2}))?$/.exec(lastBill.trim());
    if (!accountNo.trim() || !nameCharacter.trim() || !yuan) {
      return this.setData({ detail: "请填写户号、户名中的一个字和最近一期账单金额，如 128.60。" });
    }
    this.setData({ isSending: true, detail: "" });
    const minor = Number(yuan[1]) * 100 + Number((yuan[2] ?? "").padEnd(2, "0"));
    try {
      await client.link(accountNo.trim(), nameCharacter.trim(), minor);
      await wx.navigateBack();
    } catch (error) {
      this.setData({ detail: error instanceof Refused ? error.problem.detail : "网络不稳定，请重试。" });
    } finally {
      this.setData({ isSending: false });
    }
  },
});
