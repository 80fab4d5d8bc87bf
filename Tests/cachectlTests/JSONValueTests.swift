import CacheStore
import FoundationEssentials
import Testing

@testable import cachectl

@Suite("JSON")
struct JSONValueTests {
    @Test("keeps keys in the order they are written in, the schema first")
    func order() {
        let value: JSONValue = [
            "schema": "cachectl.test/1", "b": .integer(-1),
            "a": .array([.null, .boolean(true), .boolean(false)]),
            "c": [:],
        ]
        #expect(value.text == #"{"schema":"cachectl.test/1","b":-1,"a":[null,true,false],"c":{}}"#)
    }

    @Test("sorts the keys of dictionaries")
    func sorting() {
        #expect(JSONValue.sorted(["b": .integer(2), "a": .integer(1)]).text == #"{"a":1,"b":2}"#)
    }

    @Test("writes numbers with a fraction so that they are read back exactly, and no infinite one")
    func numbers() throws {
        let values = [
            812.5, 2410, 0, -0.001, 0.1 + 0.2, 1e-300, 1e300, .greatestFiniteMagnitude,
            .leastNonzeroMagnitude,
        ]
        let json = JSONValue.array(values.map { .number($0) }).text
        #expect(try JSONDecoder().decode([Double].self, from: Data(json.utf8)) == values)
        #expect(JSONValue.array([.number(.infinity), .number(.nan)]).text == "[null,null]")
    }

    @Test("writes what is missing as null")
    func missing() {
        #expect(JSONValue.optional(nil as String?).text == "null")
        #expect(JSONValue.optional(nil as Int?).text == "null")
        #expect(JSONValue.optional("x").text == #""x""#)
    }

    @Test(
        "writes any text so that Foundation's decoder reads the same text",
        arguments: [
            "", "plain", #"a"b\c/d"#, "tab\tline\nreturn\r\u{0}\u{1F}\u{7F}", "é日本😀\u{2028}", "\u{1B}[31m",
        ]
    )
    func roundTrip(text: String) throws {
        let json = JSONValue.array([.string(text)]).text
        #expect(try JSONDecoder().decode([String].self, from: Data(json.utf8)) == [text])
        #expect(json.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F })
    }
}
