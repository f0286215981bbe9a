// The supplier's address and this mini-program's own appid: the only two lines to change.
import { Client } from "./client/client";

export interface Wattline {
  client: Client;
}

App<Wattline>({
  client: new Client("https://power.example.org", wx.getAccountInfoSync().miniProgram.appId),
});
