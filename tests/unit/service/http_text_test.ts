import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { HttpError } from "../../../lib/service/http_error.ts";
import {
  answerType,
  bodyType,
  errorType,
  readText,
  textResponse,
} from "../../../lib/service/http_text.ts";
import { readXmlText, writeXmlText } from "../../../lib/service/http_xml.ts";

const encode = (text: string) => new TextEncoder().encode(text);

function status(work: () => unknown): number {
  return assertThrows(work, HttpError).status;
}

Deno.test("XML is read as XML 1.0 has it: sections, comments, references, line ends", () => {
  const cases: [string, string][] = [
    ["<text>a</text>", "a"],
    ["<text/>", ""],
    ["<text></text>", ""],
    ["<text> a </text>", " a "],
    ["<?xml version='1.0'?>\n<!-- c --><text lang='x'>a</text>\n<!-- d -->", "a"],
    ["<text>a<![CDATA[<b>&amp;]]>c</text>", "a<b>&amp;c"],
    ["<text>a<!-- no -->b</text>", "ab"],
    ["<text>&lt;&gt;&amp;&quot;&apos;&#0000000065;&#x0000042;</text>", "<>&\"'AB"],
    ["<text>&#13;a\r\nb</text>", "\ra\nb"],
    ["<text>&amp;lt;</text>", "&lt;"],
    ["<!-- <!DOCTYPE --><text><![CDATA[<!DOCTYPE]]></text>", "<!DOCTYPE"],
  ];
  for (const [document, text] of cases) assertEquals(readXmlText(document), text, document);
});

Deno.test("a document type, an entity of one's own and every other document are refused", () => {
  for (
    const document of [
      "<!DOCTYPE text><text>a</text>",
      "<!doctype text><text>a</text>",
      "<text>a</text><!DOCTYPE text>",
      "<text>a<!DOCTYPE text></text>",
      "<text><!-- > --><![CDATA[>]]><!DOCTYPE text></text>",
      '<?xml version="1.0"?><!-- x --> <!DOCTYPE t [<!ENTITY a "b">]><text>&a;</text>',
      '<!DOCTYPE t [<!ENTITY x SYSTEM "file:///etc/passwd">]><text>&x;</text>',
      "<text>&a;</text>",
      "<text>&#0;</text>",
      "<text>&#xd800;</text>",
      "<text>&#9999999;</text>",
      "<text>&constructor;</text>",
      "<text><b>a</b></text>",
      "<other>a</other>",
      "<text>a</text><text>b</text>",
      "<text>a",
      "<text>a</b>",
      "a",
      "",
      "<text>\u0001</text>",
    ]
  ) assertEquals(status(() => readXmlText(document)), 400, document);
});

Deno.test("hostile documents of a megabyte are refused in no time", () => {
  const sizes = 1024 * 1024;
  for (
    const part of ["<a>", "<!--", "<![CDATA[", "&", "<", "<?", "<!-- -", "<?a ?", " ", "&#38;"]
  ) {
    for (const document of [part.repeat(sizes / part.length), `<text>${part.repeat(99_999)}`]) {
      assertThrows(() => readXmlText(document), HttpError);
    }
  }
});

Deno.test("every text that XML can say comes back from it", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    const written = writeXmlText("text", text);
    if (written !== null) assertEquals(readXmlText(written), text);
    // deno-lint-ignore no-control-regex -- control characters are what is looked for
    else assertEquals(/[\u0000-\u001f\ufffe\uffff\ud800-\udfff]/u.test(text), true);
  }));
});

Deno.test("JSON must be an object with a text, and any body must be UTF-8", () => {
  assertEquals(readText("application/json", encode('{"text":"a","more":1}')), "a");
  for (
    const body of ["", "null", "[]", '"text"', '{"text":1}', '{"Text":"a"}', "{", "[".repeat(1e5)]
  ) {
    assertEquals(status(() => readText("application/json", encode(body))), 400, body.slice(0, 9));
  }
  assertEquals(status(() => readText("text/plain", Uint8Array.of(0xff))), 400);
});

Deno.test("other types and charsets are not supported, and the answer names those that are", () => {
  for (
    const type of [
      undefined,
      "text/html",
      "text/plain; charset=latin1",
      "application/x-www-form-urlencoded",
    ]
  ) {
    const refused = assertThrows(() => bodyType(type), HttpError);
    assertEquals(refused.status, 415);
    assertEquals(refused.headers["Accept"]?.includes("application/xml"), true);
  }
  assertEquals(bodyType('text/plain;charset="UTF-8"'), "text/plain");
});

Deno.test("the answer has the form that was sent unless the client likes another", () => {
  assertEquals(answerType(undefined, "text/xml"), "text/xml");
  assertEquals(answerType("*/*", "text/plain"), "text/plain");
  assertEquals(answerType("application/json", "text/plain"), "application/json");
  assertEquals(status(() => answerType("image/png", "text/plain")), 406);
  assertEquals(errorType("image/png"), "text/plain");
  assertEquals(errorType("application/xml"), "application/xml");
});

Deno.test("a text that a form cannot say is not acceptable in it", async () => {
  assertEquals(status(() => textResponse("application/xml", "text", "\u0001")), 406);
  assertEquals(status(() => textResponse("text/plain", "text", "\ud83d")), 406);
  const response = textResponse("application/json", "error", "a", 400);
  assertEquals([response.status, await response.json()], [400, { error: "a" }]);
});
