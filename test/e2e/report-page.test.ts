import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { AxeBuilder } from "@axe-core/playwright";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renderReport } from "../../reports/page.ts";
import { groupViews } from "../../reports/views/index.ts";
import { inventedFigures, inventedReport, POLICIES } from "../reports/invented.ts";

/*
 * The page in the browser people open it with, from disk. Three pages: a usual one, a sweep with failed runs, and one whose
 * every name, note, zone, error and manifest entry tries to break out of the text that it is.
 */

const CHROMIUM = "/usr/bin/chromium";
const present = existsSync(CHROMIUM);
if (!present && !process.env.REQUIRE_ALL) {
  console.warn(`SKIPPED: the report page was not opened in a browser, since there is no ${CHROMIUM}`);
}

const HOSTILE = [
  "<img src=x onerror=pwned('img')>",
  "</script><script>pwned('script')</script>",
  "=cmd|' /C calc'!A0",
  "\"'><svg onload=pwned('svg')>{{pwned('template')}}",
] as const;

let browser: Browser;
let folder: string;
const pages = { usual: "", sweep: "", hostile: "" };

beforeAll(async () => {
  if (!present) return;
  folder = mkdtempSync(join(tmpdir(), "report-page-"));
  const written = async (name: string, input: Parameters<typeof renderReport>[0]) => {
    const path = join(folder, `${name}.html`);
    writeFileSync(path, await renderReport(input));
    return pathToFileURL(path).href;
  };
  pages.usual = await written("usual", inventedReport());
  pages.sweep = await written(
    "sweep",
    inventedReport({ failed: 2, groups: ["told", "tried", "guessed", "bought"].map((visibility) => ({ visibility })) }),
  );
  pages.hostile = await written("hostile", hostileReport());
  browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
});
afterAll(async () => {
  await browser?.close();
  if (folder) rmSync(folder, { recursive: true });
});

function hostileReport(): Parameters<typeof renderReport>[0] {
  const [zone, note] = [HOSTILE[1], HOSTILE[0]];
  const report = inventedReport({ policyIds: HOSTILE, zone, note, failed: 1 });
  return {
    summary: {
      ...report.summary,
      question: HOSTILE[3],
      warnings: [...HOSTILE],
      published: inventedFigures(HOSTILE[1]),
    },
    records: report.records.map((record) =>
      record.ok ? { ...record, assumptions: HOSTILE } : { ...record, error: HOSTILE[1], replay: HOSTILE[3] },
    ),
    manifest: {
      command: HOSTILE[1],
      [HOSTILE[0]]: HOSTILE[3],
      traces: [{ name: HOSTILE[0] }],
      config: { [HOSTILE[1]]: HOSTILE[0] },
    },
    timelines: report.timelines,
  };
}

/** Opens a page and keeps what it said and asked for. */
async function opened(url: string, options: BrowserContextOptions = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  await context.setOffline(true);
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on("console", (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("dialog", (dialog) => complaints.push(`dialog: ${dialog.message()}`));
  page.on("request", (request) => requests.push(request.url()));
  await page.goto(url);
  return { page, complaints, requests };
}

const unfold = (page: Page) =>
  page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true");

/** Scrolls through the page until every chart in open sections is live. */
async function allLive(page: Page): Promise<void> {
  for (const figure of await page.locator("figure.chart:visible").all()) {
    await figure.scrollIntoViewIfNeeded();
    await figure.and(page.locator("[data-live]")).waitFor();
  }
}

test.runIf(process.env.REQUIRE_ALL)("the browser is there, since everything is required", () => {
  expect(present, `${CHROMIUM} is missing; install the system's chromium package`).toBe(true);
});

describe.skipIf(!present)("the report page, from disk and without a network", () => {
  test("loads within 1.5 s, complains about nothing, and asks for nothing but itself", async () => {
    const { page, complaints, requests } = await opened(pages.usual);
    const loadMs = await page.evaluate<number>("performance.getEntriesByType('navigation')[0].loadEventEnd");
    expect(loadMs).toBeGreaterThan(0);
    expect(loadMs).toBeLessThan(1500);
    await allLive(page);
    expect(complaints).toEqual([]);
    expect(requests).toEqual([pages.usual]);
    await page.context().close();
  });

  test("reads without JavaScript: every chart is drawn, and its numbers open as a table", async () => {
    const { page } = await opened(pages.usual, { javaScriptEnabled: false });
    expect(await page.locator("figure.chart").count()).toBe(groupViews.length + 2); // and a pair of runs, and a waterfall
    for (const figure of await page.locator("figure.chart").all()) {
      const box = await figure.locator(".stage svg").boundingBox();
      expect(box!.width).toBeGreaterThan(600);
      expect(box!.height).toBeGreaterThan(90);
      expect(await figure.locator(".stage svg path, .stage svg line").count()).toBeGreaterThan(10);
    }
    const details = page.locator("#timeline details").first();
    await details.locator("summary").click();
    expect(await details.locator("table").first().isVisible()).toBe(true);
    await page.context().close();
  });

  test("is live with JavaScript: a mark under the pointer says what it is, Escape hides that again", async () => {
    const { page } = await opened(pages.usual);
    await allLive(page);
    const tip = page.locator("#tip");
    expect(await tip.isVisible()).toBe(false);
    const decision = page.locator("#timeline-1 .stage svg .mark-symbol path").last();
    await decision.scrollIntoViewIfNeeded();
    await decision.hover();
    await expect.poll(() => tip.isVisible()).toBe(true);
    expect(await tip.textContent()).toMatch(/^\d\d:\d\d:\d\d\nlaunch instance \d+ on p3\.2xlarge/);
    await page.keyboard.press("Escape");
    expect(await tip.isVisible()).toBe(false);
    await page.context().close();
  });

  // Unfolded tables are many, and axe takes seconds for them: once live and light, once as drawn and dark.
  test.each([
    { name: "usual", colorScheme: "light", live: true, unfolded: true },
    { name: "usual", colorScheme: "dark", live: false, unfolded: true },
    { name: "sweep", colorScheme: "dark", live: true, unfolded: false },
  ] as const)("is clean under axe: $name, $colorScheme, live $live", async ({ name, colorScheme, live, unfolded }) => {
    const { page } = await opened(pages[name], { colorScheme });
    if (live) await allLive(page);
    if (unfolded) await unfold(page);
    const { violations, passes } = await new AxeBuilder({ page }).analyze();
    expect(passes.map(({ id }) => id)).toEqual(expect.arrayContaining(["color-contrast", "role-img-alt"]));
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 200)}`)).toEqual([]);
    await page.context().close();
  });

  test("keeps hostile names, notes, zones, errors and manifests as the text that they are", async () => {
    const { page, complaints, requests } = await opened(pages.hostile);
    await allLive(page);
    await unfold(page);
    for (const mark of await page.locator("#timeline-1 .stage svg .mark-symbol path").all())
      await mark.dispatchEvent("pointermove");
    expect(complaints).toEqual([]);
    expect(requests).toEqual([pages.hostile]);
    expect(await page.locator("img, iframe, object, body script[src], .page > svg").count()).toBe(0);
    expect(await page.locator("svg svg, [onerror], [onload]").count()).toBe(0);
    const text = await page.locator("body").innerText();
    for (const hostile of HOSTILE) expect(text).toContain(hostile);
    await page.context().close();
  });

  test("fits 400 pixels without scrolling sideways, and its charts refit when the window grows", async () => {
    const { page } = await opened(pages.sweep, { viewport: { width: 400, height: 800 } });
    await allLive(page);
    const overflow = () => page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
    expect(await overflow()).toBeLessThanOrEqual(0);
    const svg = page.locator("#timeline-1 .stage svg");
    expect((await svg.boundingBox())!.width).toBeLessThanOrEqual(400);
    await page.setViewportSize({ width: 1200, height: 800 });
    await expect.poll(async () => (await svg.boundingBox())!.width).toBeGreaterThan(900);
    await page.context().close();
  });

  test("is walked by keyboard: links and tables take the focus, a folded table opens with Enter", async () => {
    const { page } = await opened(pages.usual);
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.getAttribute('href')")).toMatch(/^#/);
    const summary = page.locator("#ranking details summary").first();
    await summary.focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.getAttribute('aria-label')")).toMatch(/^Table: Every metric/);
    await page.context().close();
  });

  test("hides a policy by keyboard from tables and charts, and the address shows the same to whoever opens it", async () => {
    const { page, complaints } = await opened(pages.usual);
    await allLive(page);
    const [, policy, , other] = POLICIES;
    const bars = (of: Page) => of.locator("#differences-1 .stage svg .mark-symbol path");
    const rows = (of: Page) => of.locator("#ranking tbody tr:visible");
    const before = await bars(page).count();
    await page.locator("#filter input").nth(1).focus();
    await page.keyboard.press("Space");
    await expect.poll(() => bars(page).count()).toBe(before - 1);
    expect(await rows(page).allInnerTexts()).toHaveLength(POLICIES.length - 1);
    expect(new URL(page.url()).searchParams.getAll("hide")).toEqual([policy]);
    expect(await page.locator("#filter output").textContent()).toMatch(
      /^3 of 4 policies shown; the answer, ranks, p values/,
    );
    await page.locator("nav a").first().click(); // a jump to a section keeps the filter
    expect(new URL(page.url()).searchParams.getAll("hide")).toEqual([policy]);

    const again = await opened(`${pages.usual}?hide=${encodeURIComponent(policy)}&hide=${other}#ranking`);
    await allLive(again.page);
    await expect.poll(() => bars(again.page).count()).toBe(before - 2);
    expect(await rows(again.page).count()).toBe(POLICIES.length - 2);
    expect(await again.page.locator("#filter input").nth(3).isChecked()).toBe(false);
    await again.page.locator("#filter input").nth(3).check();
    await expect.poll(() => bars(again.page).count()).toBe(before - 1);
    expect([...complaints, ...again.complaints]).toEqual([]);
    await page.context().close();
    await again.page.context().close();
  });

  test("lets its tables be taken along as CSV and Markdown, and its charts as SVG, as they are shown", async () => {
    const { page, complaints } = await opened(pages.hostile, { permissions: ["clipboard-read", "clipboard-write"] });
    await allLive(page);
    const downloaded = async (selector: string) => {
      const [download] = await Promise.all([page.waitForEvent("download"), page.locator(selector).first().click()]);
      return { name: download.suggestedFilename(), text: readFileSync(await download.path(), "utf8") };
    };
    const csv = await downloaded("#ranking .tools button:has-text('CSV')");
    expect(csv.name).toBe("table-1.csv");
    const lines = csv.text.trimEnd().split("\n");
    expect(lines).toHaveLength(HOSTILE.length + 1);
    // A spreadsheet would run a cell that begins so.
    expect(csv.text).not.toMatch(/(^|,)"?[=@]/m);
    const svg = await downloaded("#differences-1 .tools button");
    expect(svg.name).toBe("differences-1.svg");
    expect(svg.text).toMatch(/^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    expect(svg.text).not.toMatch(/var\(--|<script/);

    await page.locator("#ranking .tools button:has-text('Markdown')").first().click();
    await expect.poll(() => page.locator("#ranking .tools button:has-text('Copied')").count()).toBe(1);
    const markdown = await page.evaluate<string>("navigator.clipboard.readText()");
    const [head, rule, ...rows] = markdown.trimEnd().split("\n");
    expect(rule).toBe(`|${" --- |".repeat(head!.split("|").length - 2)}`);
    expect(rows).toHaveLength(HOSTILE.length);
    expect(markdown).not.toMatch(/(?<!\\)<(img|script|svg)/);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test("shows every policy without JavaScript, and no control that would do nothing", async () => {
    const { page } = await opened(`${pages.usual}?hide=${encodeURIComponent(POLICIES[1])}`, {
      javaScriptEnabled: false,
    });
    expect(await page.locator("#filter").isVisible()).toBe(false);
    expect(await page.locator("#ranking tbody tr:visible").count()).toBe(POLICIES.length);
    await page.context().close();
  });

  test("prints dark ink on white paper, whatever the screen's theme, without the tooltips and the menu", async () => {
    const { page } = await opened(pages.usual, { colorScheme: "dark" });
    await page.emulateMedia({ media: "print" });
    const style = (selector: string, property: string) =>
      page.evaluate<string>(`getComputedStyle(document.querySelector("${selector}")).${property}`);
    expect(await style("body", "backgroundColor")).toBe("rgb(255, 255, 255)");
    expect(await style("h1", "color")).toBe("rgb(27, 31, 38)");
    expect(await style(".stage svg text", "fill")).toBe("rgb(27, 31, 38)");
    expect(await style("nav", "display")).toBe("none");
    await page.context().close();
  });
});
