import Foundation
import SystemPackage
import Testing

@testable import CacheStore

@Suite("A file of Go's settings")
struct GoSettingsFileTests {
    @Test("is read as Go reads it: the last of two lines counts, and other lines are ignored")
    func lines() {
        let text = "# GOFLAGS=no\nGOFLAGS=-x\n\ngoflags=no\n=no\nGOPROXY\nGOFLAGS=-ldflags=-s -w\nGOROOT="
        let file = GoSettingsFile(text)
        #expect(file["GOFLAGS"] == "-ldflags=-s -w")
        #expect(file["GOROOT"]?.isEmpty == true)
        #expect(file["GOPROXY"] == nil && file["goflags"] == nil)
        #expect(file.text(without: "GOROOT") == "GOFLAGS=-ldflags=-s -w\n")
    }

    @Test("is not there where the path leads to nothing or to a directory")
    func missing() throws {
        #expect(try GoSettingsFile(reading: "/nonexistent/env") == nil)
        #expect(try GoSettingsFile(reading: "/tmp") == nil)
    }
}
