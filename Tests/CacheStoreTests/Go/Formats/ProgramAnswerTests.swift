import Foundation
import Testing

@testable import CacheStore

@Suite("An answer to the go command")
struct ProgramAnswerTests {
    private func line(_ content: ProgramAnswer.Content, id: Int = 7) -> String {
        String(decoding: ProgramAnswer(id: id, content: content).line, as: UTF8.self)
    }

    private func hit(time: Int, path: String = "/cache/00/x-d") -> ProgramAnswer.Content {
        .hit(ProgramAnswer.Hit(output: CacheModel.id("output"), size: 12, time: time, path: path))
    }

    @Test("is one line of JSON with the keys that Go reads")
    func lines() {
        let id = Data(CacheModel.id("output").bytes).base64EncodedString()
        #expect(
            line(.commands(["get", "put", "close"]), id: 0)
                == #"{"ID":0,"KnownCommands":["get","put","close"]}"# + "\n"
        )
        #expect(line(.miss) == #"{"ID":7,"Miss":true}"# + "\n")
        #expect(line(.done) == #"{"ID":7}"# + "\n")
        #expect(line(.kept(path: "/c/1")) == #"{"ID":7,"DiskPath":"/c/1"}"# + "\n")
        #expect(line(.failure("no room")) == #"{"ID":7,"Err":"no room"}"# + "\n")
        #expect(
            line(hit(time: 1_700_000_000_000_000_000))
                == #"{"ID":7,"OutputID":"\#(id)","Size":12,"Time":"2023-11-14T22:13:20Z","#
                + #""DiskPath":"/cache/00/x-d"}"# + "\n"
        )
    }

    @Test(
        "has a time in RFC 3339, with nine digits of a second or none",
        arguments: [
            (0, "1970-01-01T00:00:00Z"), (1, "1970-01-01T00:00:00.000000001Z"),
            (999_999_999, "1970-01-01T00:00:00.999999999Z"),
            (1_700_000_000_123_456_789, "2023-11-14T22:13:20.123456789Z"),
            (1_700_000_000_100_000_000, "2023-11-14T22:13:20.100000000Z"),
            (4_102_444_800_000_000_000, "2100-01-01T00:00:00Z"),
            (Int.max, "2262-04-11T23:47:16.854775807Z"),
        ]
    )
    func times(nanoseconds: Int, text: String) {
        #expect(line(hit(time: nanoseconds)).contains(#""Time":"\#(text)","#))
    }

    @Test("stays one line that any reader of JSON understands, whatever the path and the reason")
    func escapes() throws {
        for text in [
            "/a b/\"quoted\"/back\\slash", "/new\nline\r/\t\u{1}\u{1F}\u{7F}",
            "/\u{2028}\u{2029}/ü/\u{1F600}",
            "</script>&", "/cafe\u{301}",
        ] {
            for content in [.kept(path: text), .failure(text), hit(time: 5, path: text)] {
                let line = ProgramAnswer(id: -3, content: content).line
                #expect(line.firstIndex(of: 0x0A) == line.count - 1)
                let read = try JSONDecoder().decode(ProgramClient.Answer.self, from: Data(line))
                let found = try #require(read.DiskPath ?? read.Err)
                #expect(read.ID == -3 && Array(found.utf8) == Array(text.utf8))
            }
        }
    }
}
