import Foundation
import Testing

@testable import CacheStore

@Suite("A request of the go command")
struct ProgramRequestTests {
    private static let action = CacheModel.id("action")
    private static let output = CacheModel.id("output")

    private static func base64(_ id: ObjectID) -> String { Data(id.bytes).base64EncodedString() }

    private static let a = base64(action)
    private static let o = base64(output)

    private func read(_ line: String) throws(ProgramRequest.Fault) -> ProgramRequest {
        try ProgramRequest(Array(line.utf8))
    }

    @Test("is read as Go 1.24 to 1.27 writes it")
    func kinds() throws {
        let (a, o) = (Self.a, Self.o)
        let get = try read(#"{"ID":1,"Command":"get","ActionID":"\#(a)"}"#)
        #expect(get.id == 1 && get.command == .get(Self.action))
        let put = try read(
            #"{"ID":2,"Command":"put","ActionID":"\#(a)","OutputID":"\#(o)","BodySize":70000}"#
        )
        #expect(put.id == 2 && put.command == .put(Self.action, output: Self.output, size: 70_000))
        // Go leaves out a length of 0.
        let empty = try read(#"{"ID":3,"Command":"put","ActionID":"\#(a)","OutputID":"\#(o)"}"#)
        #expect(empty.command == .put(Self.action, output: Self.output, size: 0))
        let close = try read(#"{"ID":4,"Command":"close"}"#)
        #expect(close.id == 4 && close.command == .close)
    }

    @Test("names its output `ObjectID` in the experiment of Go 1.21, and `OutputID` goes before that")
    func experiment() throws {
        let (a, o) = (Self.a, Self.o)
        let old = try read(#"{"ID":2,"Command":"put","ActionID":"\#(a)","ObjectID":"\#(o)","BodySize":1}"#)
        #expect(old.command == .put(Self.action, output: Self.output, size: 1))
        let both = try read(
            #"{"ID":2,"Command":"put","ActionID":"\#(a)","ObjectID":"\#(a)","OutputID":"\#(o)"}"#
        )
        #expect(both.command == .put(Self.action, output: Self.output, size: 0))
    }

    @Test("may be of a kind, and have keys, that nobody knows yet")
    func unknown() throws {
        let later = try read(#"{"ID":9,"Command":"trim","Age":[1,{"x":null}]}"#)
        #expect(later.id == 9 && later.command == .unknown("trim"))
        let more = try read(
            #" { "Priority" : 3, "ActionID" : "\#(Self.a)", "Command" : "get", "ID" : 9007199254740993 } "#
        )
        #expect(more.id == 9_007_199_254_740_993 && more.command == .get(Self.action))
    }

    @Test(
        "has action and output as the base64 of 32 bytes, and of nothing else",
        arguments: [
            #""""#, #""AAAA""#, "null", "7", #"["x"]"#, #""\#(a.dropLast())""#, #""\#(a)\#(a)""#,
            #""*\#(a.dropFirst())""#,
            #""\#(a)\n""#, #"" \#(a)""#, #""\#(action)""#,
        ]
    )
    func ids(value: String) {
        let (a, o) = (Self.a, Self.o)
        for line in [
            #"{"ID":1,"Command":"get","ActionID":\#(value)}"#,
            #"{"ID":1,"Command":"put","ActionID":\#(value),"OutputID":"\#(o)","BodySize":1}"#,
            #"{"ID":1,"Command":"put","ActionID":"\#(a)","OutputID":\#(value),"BodySize":1}"#,
            #"{"ID":1,"Command":"put","ActionID":"\#(a)","ObjectID":\#(value)}"#,
        ] { #expect(throws: ProgramRequest.Fault.self, "\(line)") { try read(line) } }
    }

    @Test(
        "is no other line",
        arguments: [
            "", " ", "null", "[]", "{}", "1", "GET / HTTP/1.1", #"{"ID":1}"#, #"{"Command":"close"}"#,
            #"{"ID":"1","Command":"close"}"#, #"{"ID":1.5,"Command":"close"}"#, #"{"ID":1,"Command":7}"#,
            #"{"ID":99999999999999999999,"Command":"close"}"#, #"{"ID":1,"Command":"close""#,
            #"{"ID":1,"Command":"close"}{"ID":2,"Command":"close"}"#, #"{"ID":1,"Command":"get"}"#,
            #"{"ID":1,"Command":"put","ActionID":"\#(a)","BodySize":1}"#,
            #"{"ID":1,"Command":"put","ActionID":"\#(a)","OutputID":"\#(o)","BodySize":-1}"#,
            #"{"ID":1,"Command":"put","ActionID":"\#(a)","OutputID":"\#(o)","BodySize":1e30}"#,
            #"{"ID":1,"Command":"put","ActionID":"\#(a)","OutputID":"\#(o)","BodySize":"1"}"#,
            "\u{FEFF}", "{\"ID\":1,\"Command\":\"close\u{0}\"",
        ]
    )
    func wrong(line: String) {
        #expect(throws: ProgramRequest.Fault.self) { try read(line) }
    }

    @Test("names what is wrong in it")
    func words() {
        for (line, words) in [
            ("garbage", "JSON"), (#"{"ID":1,"Command":"get","ActionID":"AAAA"}"#, "ActionID"),
            (#"{"ID":1,"Command":"put","ActionID":"\#(Self.a)","OutputID":"AAAA"}"#, "OutputID"),
            (
                #"{"ID":1,"Command":"put","ActionID":"\#(Self.a)","OutputID":"\#(Self.o)","BodySize":-5}"#,
                "BodySize"
            ),
        ] {
            let fault = #expect(throws: ProgramRequest.Fault.self) { try read(line) }
            #expect(fault?.message.contains(words) == true, "\(line)")
        }
    }

    @Test("may be nested deeply or be no text at all, without harm", arguments: [1, 600, 20_000])
    func hostile(depth: Int) {
        let open = String(repeating: "[", count: depth), close = String(repeating: "]", count: depth)
        let objects = String(repeating: #"{"a":"#, count: depth)
        #expect(throws: ProgramRequest.Fault.self) { try read(open) }
        #expect(throws: ProgramRequest.Fault.self) { try read(objects) }
        // A reader may accept the first, which is sound JSON, or refuse it for its depth.
        _ = try? read(#"{"ID":1,"Command":"close","X":"# + open + close + "}")
        var source = SeededBytes(seed: UInt64(depth))
        for _ in 0..<50 {
            let bytes = source.bytes(Int.random(in: 0...200, using: &source))
            #expect(throws: ProgramRequest.Fault.self) { try ProgramRequest(bytes) }
        }
    }
}
