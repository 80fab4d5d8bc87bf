import Foundation
import Testing

extension EndToEnd {
    @Suite("The record of a job's settings")
    struct Records {
        @Test("has flags, which may hold secrets, and never the settings for downloads, which do")
        func secrets() async throws {
            let workspace = try await Workspace.shared.value
            var program = try workspace.cachectl
            program.environment.merge(
                [
                    "GOFLAGS": "-ldflags=-X=main.token=in-a-flag",
                    "GOPROXY": "https://user:password1@proxy.example.com", "GOAUTH": "netrc; git password2",
                    "GONOSUMDB": "password3.example.com", "GONOPROXY": "password4.example.com",
                    "GOPRIVATE": "password5.example.com", "GOINSECURE": "password6.example.com",
                    "GOSUMDB": "sum.golang.org https://user:password7@sum.example.com",
                    "GOVCS": "password8.example.com:git", "GOCACHEPROG": "",
                ]
            ) { $1 }
            let archive = try Scratch.shared.place("secrets.castore")
            let packed = try await program.succeed(
                workspace.packing(
                    "x",
                    from: workspace.rawBuildCache("gamma"),
                    workspace.rawModuleCache("gamma"),
                    to: archive
                ) + ["--json"]
            )
            let info = try await program.succeed(["info", "--json", archive])
            let key = try await program.succeed(["key", "--json", "--go", workspace.go])
            let bytes = try Data(contentsOf: URL(fileURLWithPath: archive))
            let texts = [packed.output, info.output, key.output, String(decoding: bytes, as: UTF8.self)]
            for text in texts {
                #expect(text.contains("-X=main.token=in-a-flag"))
                #expect(!text.contains("password"))
            }
            let plain = try await program.succeed(["key", "--go", workspace.go])
            #expect(!plain.output.contains("in-a-flag"))
        }
    }
}
