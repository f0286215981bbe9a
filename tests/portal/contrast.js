// Every text that is paler than WCAG 2.2, 1.4.3 allows against the ground of the nearest element that has one.
() => {
  const pen = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
  const remembered = (find, known = new Map()) => (key) => known.has(key) ? known.get(key) : known.set(key, find(key)).get(key);
  const read = remembered((colour) => {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
    return { rgb: [r, g, b], alpha: a / 255 };
  });
  const over = ({ rgb, alpha }, ground) => rgb.map((value, i) => value * alpha + ground[i] * (1 - alpha));
  const groundOf = remembered((element) =>
    element ? over(read(getComputedStyle(element).backgroundColor), groundOf(element.parentElement)) : [255, 255, 255]);
  const opacityOf = remembered((element) =>
    element ? getComputedStyle(element).opacity * opacityOf(element.parentElement) : 1);
  const light = (rgb) => {
    const [r, g, b] = rgb.map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (one, other) => {
    const [dark, bright] = [light(one), light(other)].sort((a, b) => a - b);
    return (bright + 0.05) / (dark + 0.05);
  };
  const elements = new Set(document.querySelectorAll("input:not([type=hidden]), select, textarea"));
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) if (texts.currentNode.data.trim()) elements.add(texts.currentNode.parentElement);
  return [...elements].flatMap((element) => {
    const box = element.getBoundingClientRect();
    const isSeen = box.width > 1 && box.height > 1 && element.checkVisibility({ visibilityProperty: true });
    if (!isSeen || element.closest(":disabled, [aria-disabled=true]")) return [];
    const style = getComputedStyle(element);
    const size = parseFloat(style.fontSize);
    const least = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
    const ground = groundOf(element);
    const ink = read(style.color);
    const found = ratio(over({ rgb: ink.rgb, alpha: ink.alpha * opacityOf(element) }, ground), ground);
    return found < least ? [`${found.toFixed(2)} < ${least}: ${element.outerHTML.slice(0, 120)}`] : [];
  });
}
