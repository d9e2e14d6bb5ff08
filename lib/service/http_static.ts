/**
 * GET and HEAD of files: types, ranges, conditions, index pages.
 * @module
 */

import { evaluate, rangeCounts } from "./http_conditions.ts";
import { formatHttpDate } from "./http_date.ts";
import { HttpError } from "./http_error.ts";
import { type ByteRange, chooseRange } from "./http_range.ts";
import { namesOf, type RequestTarget } from "./http_target.ts";
import { typeOfName } from "./media_type.ts";
import { findBelow, type OpenFile } from "./static_files.ts";

const chunkSize = 64 * 1024;
const indexName = "index.html";

/**
 * Answers from the files below a root.
 *
 * @param root a real path
 * @param target as the client wrote it: see http_target.ts
 * @throws {HttpError} 400, 404 (also for what exists and must not be seen), 405, 412, 416
 */
export function staticResponse(
  root: string,
  target: RequestTarget,
  request: Request,
  nowMs: number,
): Response {
  const isHead = request.method === "HEAD";
  if (!isHead && request.method !== "GET") {
    throw new HttpError(405, "the method must be GET or HEAD", { "Allow": "GET, HEAD" });
  }
  const path = namesOf(target.path);
  if ("refused" in path) {
    throw path.refused === "hidden" ? notFound() : new HttpError(400, "a malformed path");
  }
  const { names, directory } = path;
  const found = findBelow(root, directory ? [...names, indexName] : names);
  if (found.kind === "file") {
    const name = directory ? indexName : names.at(-1) ?? indexName;
    return fileResponse(found, name, request, isHead, nowMs);
  }
  // Without the slash, relative links in the page would lead to the folder above.
  if (found.kind === "folder" && !directory) return redirect(`${target.path}/${target.query}`);
  throw notFound();
}

function fileResponse(
  file: OpenFile,
  name: string,
  request: Request,
  isHead: boolean,
  nowMs: number,
): Response {
  let isTaken = false;
  try {
    const header = (name: string) => request.headers.get(name) ?? undefined;
    const current = validatorsOf(file);
    const headers: Record<string, string> = {
      "ETag": current.etag,
      "Last-Modified": formatHttpDate(current.modifiedMs),
      // Kept, but asked for each time: what is served here is worked on.
      "Cache-Control": "no-cache",
    };
    const decision = evaluate(header, current, nowMs);
    if (decision === "failed") throw new HttpError(412, "the file has changed");
    if (decision === "not-modified") return new Response(null, { status: 304, headers });
    headers["Accept-Ranges"] = "bytes";
    headers["Content-Type"] = typeOfName(name);
    const asked = !isHead && rangeCounts(header, current, nowMs) ? header("range") : undefined;
    const range = chooseRange(asked, file.size);
    if (range === "unsatisfiable") {
      const whole = { "Content-Range": `bytes */${file.size}`, "ETag": current.etag };
      throw new HttpError(416, `the file has ${file.size} bytes`, whole);
    }
    const part = range === "whole" ? { start: 0, end: file.size - 1 } : range;
    headers["Content-Length"] = String(part.end - part.start + 1);
    if (range !== "whole") {
      headers["Content-Range"] = `bytes ${part.start}-${part.end}/${file.size}`;
    }
    if (isHead) return new Response(null, { headers });
    const status = range === "whole" ? 200 : 206;
    if (part.end - part.start < chunkSize) {
      return new Response(bytesAt(file, part), { status, headers });
    }
    isTaken = true;
    return new Response(streamOf(file, part), { status, headers });
  } finally {
    if (!isTaken) file.close();
  }
}

/** A strong tag: of the nanoseconds of the last change, and of the file, which may be replaced. */
function validatorsOf({ inode, modifiedNs, size }: OpenFile) {
  const etag = `"${[inode, modifiedNs, BigInt(size)].map((n) => n.toString(36)).join("-")}"`;
  return { etag, modifiedMs: Number(modifiedNs / 1_000_000_000n) * 1000 };
}

/** The few bytes of a small part: a stream for them would cost more than they do. */
function bytesAt(file: OpenFile, { start, end }: ByteRange): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(end + 1 - start);
  for (let filled = 0; filled < bytes.length;) {
    const count = file.readNow(bytes.subarray(filled), start + filled);
    if (count === 0) throw becameShorter();
    filled += count;
  }
  return bytes;
}

/** Bytes of a file as a stream that closes it, read only as far as they are taken. */
function streamOf(file: OpenFile, { start, end }: ByteRange): ReadableStream<Uint8Array> {
  let position = start;
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
    const wanted = Math.min(chunkSize, end + 1 - position);
    if (wanted > 0) {
      const chunk = new Uint8Array(wanted);
      const count = await file.read(chunk, position);
      if (count === 0) throw becameShorter();
      position += count;
      controller.enqueue(chunk.subarray(0, count));
    }
    if (position <= end) return;
    file.close();
    controller.close();
  };
  return new ReadableStream({
    pull: (controller) =>
      pull(controller).catch((thrown) => {
        file.close();
        throw thrown;
      }),
    cancel: () => file.close(),
  }, { highWaterMark: 0 });
}

/** The length was promised: an answer that is too short must not look whole. */
function becameShorter(): Error {
  return new Error("the file became shorter while it was sent");
}

function redirect(location: string): Response {
  return new Response(null, {
    status: 308,
    headers: { "Location": location, "Content-Length": "0" },
  });
}

function notFound(): HttpError {
  return new HttpError(404, "no such file");
}
