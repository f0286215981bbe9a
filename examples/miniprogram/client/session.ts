// Who is signed in here: by WeChat's code, the first time with a telephone number that WeChat, or a code sent to it, has proved.
import { Api, Refused, type Schemas } from "./api";

const KEPT = "wattline.refresh";
const DEVICE = "wattline.device";

export class Session {
  private access: string | undefined;
  private renewing: Promise<string> | undefined;

  constructor(
    private readonly api: Api,
    private readonly appid: string,
  ) {}

  /** Signs in by this WeChat; false when it is nobody's yet, and a `getPhoneNumber` button is to be shown. */
  async signIn(phoneCode?: string): Promise<boolean> {
    const { code } = await wx.login();
    try {
      this.keep(
        await this.api.call("post", "/api/v1/auth/token", {
          body: {
            grant_type: "wechat",
            appid: this.appid,
            code,
            device_id: await device(),
            device_name: wx.getDeviceInfo().model,
            ...(phoneCode === undefined ? {} : { phone_code: phoneCode }),
          },
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof Refused && error.code === "wechat_phone_needed") return false;
      throw error;
    }
  }

  /** Has a code sent to a telephone, for whoever does not want WeChat to tell the number. */
  async askCode(phone: string): Promise<void> {
    await this.api.call("post", "/api/v1/auth/otp", { body: { phone, device_id: await device() } });
  }

  /** Signs in by the code that came, and adds this WeChat, by which it is done from then on. */
  async signInByCode(phone: string, code: string): Promise<boolean> {
    const body = {
      grant_type: "otp" as const,
      phone,
      code,
      device_id: await device(),
      device_name: wx.getDeviceInfo().model,
    };
    this.keep(await this.api.call("post", "/api/v1/auth/token", { body }));
    return this.addWechat();
  }

  /** Adds this WeChat to whoever has just signed in; false when it is somebody else's. */
  async addWechat(): Promise<boolean> {
    const { code } = await wx.login();
    const asked = { body: { appid: this.appid, code }, key: await token(32) };
    try {
      await this.with((bearer) => this.api.call("post", "/api/v1/me/wechat", asked, bearer));
      return true;
    } catch (error) {
      if (error instanceof Refused && error.code === "wechat_taken") return false;
      throw error;
    }
  }

  /** Parts from every WeChat by which one signs in to this mini-program. */
  async removeWechat(): Promise<void> {
    const { items } = await this.with((bearer) => this.api.call("get", "/api/v1/me/wechat", {}, bearer));
    for (const { id } of items.filter(({ appid }) => appid === this.appid)) {
      const asked = { path: { identity_id: id } };
      await this.with((bearer) => this.api.call("delete", "/api/v1/me/wechat/{identity_id}", asked, bearer));
    }
  }

  /** Does `work` with a token; one that has run out is renewed once, by one call for all who wait. */
  async with<T>(work: (token: string) => Promise<T>): Promise<T> {
    try {
      return await work(this.access ?? (await this.renew()));
    } catch (error) {
      if (!(error instanceof Refused) || error.code !== "sign_in_needed") throw error;
      this.access = undefined;
      return work(await this.renew());
    }
  }

  /** Signs out here. */
  async signOut(): Promise<void> {
    await this.with((token) => this.api.call("delete", "/api/v1/me/devices/current", {}, token));
    this.access = undefined;
    wx.removeStorageSync(KEPT);
  }

  private renew(): Promise<string> {
    this.renewing ??= this.fresh().finally(() => (this.renewing = undefined));
    return this.renewing;
  }

  private async fresh(): Promise<string> {
    const kept = wx.getStorageSync<string>(KEPT);
    if (kept) {
      try {
        return this.keep(
          await this.api.call("post", "/api/v1/auth/token", { body: { grant_type: "refresh", refresh_token: kept } }),
        );
      } catch (error) {
        if (!(error instanceof Refused) || error.code !== "refresh_refused") throw error;
        wx.removeStorageSync(KEPT);
      }
    }
    if (await this.signIn()) return this.access as string;
    throw new PhoneNeeded();
  }

  private keep(tokens: Schemas["TokenPair"]): string {
    this.access = tokens.access_token;
    wx.setStorageSync(KEPT, tokens.refresh_token);
    return tokens.access_token;
  }
}

/** This WeChat is nobody's yet. */
export class PhoneNeeded extends Error {}

/** A random text of this installation's own. */
async function device(): Promise<string> {
  let known = wx.getStorageSync<string>(DEVICE);
  if (!known) {
    known = await token(32);
    wx.setStorageSync(DEVICE, known);
  }
  return known;
}

/** Letters and digits that nobody guesses: five bits each. */
export async function token(length: number): Promise<string> {
  const letters = "0123456789abcdefghjkmnpqrstvwxyz";
  const { randomValues } = await wx.getRandomValues({ length });
  return Array.from(new Uint8Array(randomValues), (byte) => letters[byte % letters.length]).join("");
}
