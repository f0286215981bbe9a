// Calls of the supplier's API, typed by its own document (schema.d.ts is generated from docs/reference/openapi.json).
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];
export type Problem = Schemas["ProblemBody"];

type Method = "get" | "post" | "put" | "patch" | "delete";
type PathsWith<M extends Method> = { [P in keyof paths]: paths[P] extends Record<M, object> ? P : never }[keyof paths];
type Operation<P extends keyof paths, M extends Method> = Extract<paths[P][M & keyof paths[P]], object>;
type Body<O> = O extends { requestBody: { content: { "application/json": infer B } } } ? B : undefined;
type Params<O> = O extends { parameters: { path: infer P extends object } } ? P : undefined;
type Json<R> = R extends { content: { "application/json": infer A } } ? A : undefined;
type Good<O> = O extends { responses: infer R }
  ? { [S in keyof R]: S extends 200 | 201 | 202 ? Json<R[S]> : never }[keyof R] | (R extends { 204: unknown } ? undefined : never)
  : never;

/** What an operation needs: the parts of its path and its body, where it has them. */
export type Asked<P extends keyof paths, M extends Method> = (Params<Operation<P, M>> extends undefined
  ? object
  : { path: Params<Operation<P, M>> }) &
  (Body<Operation<P, M>> extends undefined ? object : { body: Body<Operation<P, M>> }) & {
    query?: Record<string, string>;
    key?: string;
  };

/** The supplier refused; `code` is stable and documented, `detail` is in the customer's language. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly problem: Problem,
  ) {
    super(problem.code);
  }

  get code(): string {
    return this.problem.code;
  }
}

/** Nobody knows whether the call arrived: the same again, with the same key, does nothing twice. */
export class Unanswered extends Error {}

export interface Answer {
  status: number;
  body: unknown;
}

/** Makes one call; a token is added by whoever has one. */
export type Transport = (method: Method, url: string, headers: Record<string, string>, body?: unknown) => Promise<Answer>;

export const overWechat: Transport = (method, url, headers, body) =>
  new Promise((resolve, reject) => {
    wx.request({
      url,
      method: method.toUpperCase() as "GET",
      header: { "content-type": "application/json", ...headers },
      ...(body === undefined ? {} : { data: JSON.stringify(body) }),
      success: ({ statusCode, data }) => resolve({ status: statusCode, body: data }),
      fail: ({ errMsg }) => reject(new Unanswered(errMsg)),
    });
  });

export class Api {
  constructor(
    private readonly base: string,
    private readonly transport: Transport,
    private readonly locale: string,
  ) {}

  /** Calls an operation; answers its body. Throws Refused and Unanswered. */
  async call<M extends Method, P extends PathsWith<M>>(
    method: M,
    path: P,
    asked: Asked<P, M>,
    token?: string,
  ): Promise<Good<Operation<P, M>>> {
    const { path: parts, query, body, key } = asked as {
      path?: Record<string, string>;
      query?: Record<string, string>;
      body?: unknown;
      key?: string;
    };
    const filled = String(path).replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(parts?.[name] ?? ""));
    const search = Object.entries(query ?? {})
      .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
      .join("&");
    const headers: Record<string, string> = { "accept-language": this.locale };
    if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
    if (key !== undefined) headers["idempotency-key"] = key;
    const answer = await this.transport(method, this.base + filled + (search && `?${search}`), headers, body);
    if (answer.status >= 300) throw new Refused(answer.status, answer.body as Problem);
    return answer.body as Good<Operation<P, M>>;
  }
}
