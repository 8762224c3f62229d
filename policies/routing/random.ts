import { z } from "zod";
import { defineRouter } from "../contract/routing.ts";
import { Registered } from "./registered.ts";

export const random = defineRouter({
  name: "random",
  summary: "Any replica, all equally likely. The draw belongs to the request and its try.",
  source: "house: the floor that routers are compared with",
  params: z.strictObject({}),
  create: (_params, luck) => {
    const targets = new Registered();
    const { list } = targets;
    return {
      register: (target) => targets.add(target),
      deregister: (target) => targets.delete(target),
      outstanding: () => undefined,
      route: (request, retries) => list[Math.floor(luck(request, retries, 0) * list.length)],
    };
  },
});
