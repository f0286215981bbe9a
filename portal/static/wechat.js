// Hands a payment to the WeChat that this page is opened in. Whether it is paid is the provider's word, never this script's.
const bridge = () =>
  new Promise((found) => {
    const give = () => found(window.WeixinJSBridge);
    if (window.WeixinJSBridge) give();
    else document.addEventListener("WeixinJSBridgeReady", give, { once: true });
  });

addEventListener("click", async (event) => {
  const button = event.target.closest("[data-bridge]");
  if (!button) return;
  const failed = document.getElementById("bridge-failed");
  failed.hidden = true;
  button.setAttribute("aria-busy", "true");
  (await bridge()).invoke("getBrandWCPayRequest", JSON.parse(button.dataset.bridge), ({ err_msg: told }) => {
    button.removeAttribute("aria-busy");
    if (told === "get_brand_wcpay_request:ok") document.getElementById("check").requestSubmit();
    else failed.hidden = told === "get_brand_wcpay_request:cancel";
  });
});
