import CacheStore
import FoundationEssentials
import SystemPackage
import Testing

@testable import cachectl

@Suite("The place of a cache")
struct CacheLocationTests {
    private func locate(
        _ variable: CacheVariable = .buildCache,
        option: String? = nil,
        isLeftOut: Bool = false,
        environment: [String: String] = [:]
    ) throws(AdvisedError) -> CacheLocation {
        try CacheLocation(variable, option: option, isLeftOut: isLeftOut, environment: environment)
    }

    @Test("comes from the command line before the environment")
    func option() throws {
        #expect(try locate(option: "/a/../b", environment: ["GOCACHE": "off"]) == .directory("/b"))
        #expect(try locate(isLeftOut: true, environment: ["GOCACHE": "/a"]) == .leftOut)
    }

    @Test("is made absolute")
    func absolute() throws {
        let current = FilePath(FileManager.default.currentDirectoryPath)
        #expect(try locate(option: "caches/./build") == .directory(current.appending("caches/build")))
    }

    @Test("comes from the environment, where an empty variable counts as unset")
    func environment() throws {
        #expect(try locate(environment: ["GOCACHE": "/a"]) == .directory("/a"))
        #expect(
            try locate(.moduleCache, environment: ["GOCACHE": "/a", "GOMODCACHE": "/m"]) == .directory("/m")
        )
        #expect(try locate(environment: ["GOCACHE": ""]) == .asGoSays)
        #expect(try locate() == .asGoSays)
    }

    @Test("is refused where Go would refuse it", arguments: ["off", "relative", "./x"])
    func refusal(value: String) {
        let error = #expect(throws: AdvisedError.self) { try locate(environment: ["GOCACHE": value]) }
        #expect(error?.error.code == .badArgument)
        #expect(error?.advice.contains("--gocache DIR") == true)
    }

    @Test("comes from the answer of Go, unless the answer is empty or `off`")
    func answers() throws {
        let location = CacheLocation.asGoSays
        #expect(try location.path(.moduleCache, answers: ["GOMODCACHE": "/m"]) == "/m")
        for answers in [[:], ["GOCACHE": ""], ["GOCACHE": "off"]] {
            #expect(throws: AdvisedError.self) { try location.path(.buildCache, answers: answers) }
        }
        #expect(try CacheLocation.leftOut.path(.buildCache, answers: [:]) == nil)
        #expect(try CacheLocation.directory("/a").path(.buildCache, answers: [:]) == "/a")
    }

    @Test("that Go can't find is told by the variables that are not set, not as a cache that is off")
    func noHome() {
        let location = CacheLocation.asGoSays
        for (variable, answer, environment, word) in [
            (CacheVariable.buildCache, "off", [:], "XDG_CACHE_HOME"),
            (.buildCache, "off", ["HOME": "", "XDG_CACHE_HOME": ""], "HOME"),
            (.buildCache, "off", ["HOME": "/h", "XDG_CACHE_HOME": "cache"], "`cache`"),
            (.moduleCache, "", [:], "GOPATH"),
        ] as [(CacheVariable, String, [String: String], String)] {
            let error = #expect(throws: AdvisedError.self) {
                try location.path(variable, answers: [variable.rawValue: answer], environment: environment)
            }
            #expect(error?.error.message.contains(word) == true, "\(error?.error.message ?? "")")
            #expect(error?.error.message.contains("`GOCACHE` is `off`") == false)
            #expect(error?.advice.contains("HOME") == true)
        }
        let off = #expect(throws: AdvisedError.self) {
            try location.path(.buildCache, answers: ["GOCACHE": "off"], environment: ["HOME": "/h"])
        }
        #expect(off?.error.message.contains("`GOCACHE` is `off`") == true)
    }
}
