import { expect, test } from "vitest";
import { metrics } from "../../experiments/metrics.ts";
import { measure } from "../../reports/measures.ts";

test.each([
  ["priceUsdPerHour", "price", "USD/h"],
  ["usdPerRequest", "USD per request", "USD"],
  ["ttftH", "ttft", "h"],
  ["spareHours", "spare hours", "h"],
  ["warmShare", "warm share", "share"],
  ["drainMeanS", "drain mean", "s"],
  ["ttftP50Ms", "ttft p50", "ms"],
  ["drains", "drains", ""],
])("a metric nobody described is called by its name without its unit: %s", (metric, title, unit) => {
  expect(measure(metric)).toEqual({ title, unit });
});

test("a described metric is called as its definition says, in the middle of a sentence", () => {
  expect(measure("usdPerWorkHour")).toEqual({ title: "cost per work-hour", unit: "USD/h" });
  expect(measure("completionP95H")).toEqual({ title: "completion time, P95", unit: "h" });
  for (const { name, unit } of metrics) expect(measure(name).unit).toBe(unit);
});
