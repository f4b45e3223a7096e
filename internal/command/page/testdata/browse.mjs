// Walks through a page in a browser as a person does, and prints what it met as
// JSON. Usage: node browse.mjs MODULES PAGE
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [modules, page] = process.argv.slice(2);
const require = createRequire(modules + "/package.json");
const chromium = require("@sparticuz/chromium").default ?? require("@sparticuz/chromium");
const puppeteer = require("puppeteer-core");

const browser = await puppeteer.launch({ args: chromium.args, executablePath: process.env.LAYERBUILD_CHROME, headless: "shell" });
const met = { errors: [], requests: [] };
try {
  const tab = await browser.newPage();
  tab.on("console", (m) => met.errors.push(m.text()));
  tab.on("pageerror", (e) => met.errors.push(String(e)));
  tab.on("request", (r) => { if (!r.url().startsWith("file:")) met.requests.push(r.url()); });
  await tab.setViewport({ width: 1280, height: 900 });
  const start = Date.now();
  await tab.goto(pathToFileURL(page).href);
  met.milliseconds = Date.now() - start;

  const crumbs = () => tab.$$eval("#crumbs button", (all) => all.map((b) => b.textContent));
  const focused = () => tab.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.id);
  const told = () => tab.$eval("#told", (e) => e.textContent);
  met.tiles = await tab.$$eval(".tile", (all) => all.map((b) => b.getAttribute("aria-label")));
  // Areas are as the sizes say: of the first two tiles.
  met.areas = await tab.$$eval(".tile", (all) => all.slice(0, 2).map((b) => b.getBoundingClientRect()).map((r) => r.width * r.height));

  await tab.click(".tile");
  met.clicked = { crumbs: await crumbs(), focused: await focused() };
  await tab.keyboard.press("Escape");
  met.escaped = { crumbs: await crumbs(), focused: await focused() };
  await tab.keyboard.press("End");
  met.end = await focused();
  await tab.keyboard.press("Home");
  await tab.keyboard.press("ArrowRight");
  met.right = await focused();
  await tab.keyboard.press("Home");
  await tab.keyboard.press("Enter");
  met.entered = await crumbs();
  met.told = await told();
  met.said = await tab.$eval("#said", (e) => e.textContent);
  await tab.click("#crumbs button");
  met.back = await crumbs();

  const names = () => tab.$$eval("#contents tbody tr", (all) => all.filter((r) => !r.hidden).map((r) => r.cells[0].textContent));
  const sorted = () => tab.$$eval("#contents th", (all) => all.map((h) => h.getAttribute("aria-sort")).join());
  met.bySize = await names();
  await tab.click("#contents th:nth-child(1) button");
  met.byName = await names();
  met.sortedByName = await sorted();
  await tab.click("#contents th:nth-child(5) button");
  await tab.click("#contents th:nth-child(5) button");
  met.bySizeRising = await names();
  await tab.type("#filter", "mit");
  met.filtered = await names();
  met.counted = await tab.$eval("#counted", (e) => e.textContent);

  // On a phone nothing is wider than the screen; in the dark the ground is dark; on
  // paper what is for pointers alone is gone.
  const wide = () => tab.evaluate(() => document.documentElement.scrollWidth);
  await tab.setViewport({ width: 390, height: 844 });
  await new Promise((done) => setTimeout(done, 300));
  met.phone = { wide: await wide(), tiles: await tab.$$eval(".tile", (all) => all.every((b) => b.getBoundingClientRect().right <= 391)) };
  const ground = () => tab.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await tab.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
  met.dark = await ground();
  await tab.emulateMediaFeatures([]);
  await tab.emulateMediaType("print");
  met.print = { ground: await ground(), filter: await tab.$eval(".filter", (e) => getComputedStyle(e).display) };
  // Nothing draws the map anew for paper, and all of it is there.
  await tab.setViewport({ width: 700, height: 1000 });
  met.print.tiles = await tab.$eval("#map", (m) => [...m.children].every((b) => b.getBoundingClientRect().right <= m.getBoundingClientRect().right + 1));
} finally {
  await browser.close();
}
console.log(JSON.stringify(met));
