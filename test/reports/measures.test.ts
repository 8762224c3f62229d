import { expect, test } from "vitest";
import { measure } from "../../reports/measures.ts";

test.each([
  ["costUsd", "cost", "USD"],
  ["priceUsdPerHour", "price", "USD/h"],
  ["usdPerWorkHour", "USD per work hour", "USD"],
  ["completionP95H", "completion p95", "h"],
  ["lostWorkHours", "lost work hours", "h"],
  ["completedShare", "completed share", "share"],
  ["migrationMeanS", "migration mean", "s"],
  ["ttftP50Ms", "ttft p50", "ms"],
  ["reclaims", "reclaims", ""],
])("a metric nobody described is called by its name without its unit: %s", (metric, title, unit) => {
  expect(measure(metric)).toEqual({ title, unit });
});
