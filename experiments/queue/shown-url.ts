/** A URL as it may be shown: without user and password. @example shownUrl("redis://:secret@host:6379") // "redis://***@host:6379" */
export const shownUrl = (url: string): string => url.replace(/\/\/[^/@]*@/, "//***@");

export const REDIS_URL = /^rediss?:\/\/\S+$/;
export const REDIS_URL_WANTED = "expected redis://host:port, or rediss:// with TLS";
