import Foundation
import Testing

extension EndToEnd {
    @Suite("The figures of an archive")
    struct Figures {
        /// A sample of a metric.
        private struct Sample: Hashable {
            var name: String
            var labels: [String: String]
        }

        private func samples(_ path: String) async throws -> [Sample: Int] {
            let workspace = try await Workspace.shared.value
            let text = try await workspace.python("prometheus.py", [path]).joined()
            let list = try #require(EndToEnd.object(text)["samples"] as? [[String: Any]])
            var result: [Sample: Int] = [:]
            for entry in list {
                let sample = Sample(
                    name: try #require(entry["name"] as? String),
                    labels: try #require(entry["labels"] as? [String: String])
                )
                result[sample] = try #require(entry["value"] as? Int)
            }
            return result
        }

        @Test("are metrics that Prometheus can read, the same as in the JSON, in a file that anyone may read")
        func metrics() async throws {
            let workspace = try await Workspace.shared.value
            // The name needs every escape of a label.
            let top = try Scratch.shared.directory("metrics")
            let archive = "\(top)/a \"quoted\" back\\slash\nname.castore"
            try FileManager.default.copyItem(atPath: workspace.union, toPath: archive)
            let output = "\(top)/castore.prom"
            try "# HELP cachestore_old".write(toFile: output, atomically: true, encoding: .utf8)
            let outcome = try await workspace.shell(
                #"umask 077; "$CACHECTL" info "$1" --quiet --metrics "$2""#,
                [archive, output]
            )
            #expect(outcome.status == 0 && outcome.output.isEmpty && outcome.errors.isEmpty, "\(outcome)")
            let mode = try FileManager.default.attributesOfItem(atPath: output)[.posixPermissions] as? Int
            #expect(mode == 0o644)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: top).count == 2,
                "a temporary file is left"
            )

            let samples = try await samples(output)
            let json = try await workspace.cachectl.succeed(["info", archive, "--json"])
            let info = try EndToEnd.object(json.output)
            let totals = try #require(info["totals"] as? [String: Any])
            func value(_ name: String, _ labels: [String: String] = [:]) -> Int? {
                let labels = labels.merging(["archive": archive]) { $1 }
                return samples[Sample(name: "cachestore_archive_\(name)", labels: labels)]
            }
            #expect(value("info", ["digest": try #require(info["digest"] as? String)]) == 1)
            #expect(value("format_version") == info["format_version"] as? Int)
            let size = try #require(totals["file_bytes"] as? Int)
            #expect(value("size_bytes") == size && value("frames") == totals["chunks"] as? Int)
            #expect(value("frame_bytes") == totals["frame_bytes"] as? Int)
            #expect(try #require(value("frame_bytes")) + #require(value("index_bytes")) == size)
            for (key, one, many, label) in [
                ("by_kind", "member", "members", "kind"), ("by_class", "entry", "entries", "class"),
                ("by_source", "source_member", "source_members", "source"),
                ("unique_by_source", "source_unique_member", "source_unique_members", "source"),
            ] {
                let tallies = try #require(totals[key] as? [String: [String: Int]])
                #expect(!tallies.isEmpty)
                for (name, tally) in tallies {
                    #expect(value(many, [label: name]) == tally["members"], "\(key) \(name)")
                    #expect(
                        value("\(one)_content_bytes", [label: name]) == tally["raw_bytes"],
                        "\(key) \(name)"
                    )
                    #expect(
                        value("\(one)_stored_bytes", [label: name]) == tally["stored_bytes"],
                        "\(key) \(name)"
                    )
                }
                let counted = samples.keys.filter { $0.name == "cachestore_archive_\(many)" }
                #expect(counted.count == tallies.count, "\(key)")
            }
            // The same text goes to standard output.
            let streamed = try await workspace.cachectl.succeed(["info", archive, "--metrics", "-"])
            #expect(streamed.output == (try String(contentsOfFile: output, encoding: .utf8)))
        }

        @Test("go to no file that can't be replaced whole")
        func noFile() async throws {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("metrics")
            let target = "\(top)/target"
            try "mine".write(toFile: target, atomically: true, encoding: .utf8)
            try FileManager.default.createSymbolicLink(
                atPath: "\(top)/link.prom",
                withDestinationPath: target
            )
            for (name, status) in [("link.prom", 1), ("", 64), ("absent/x.prom", 1)] {
                let outcome = try await workspace.cachectl.run(
                    ["info", workspace.union, "--metrics", "\(top)/\(name)", "--quiet"]
                )
                EndToEnd.expectFailure(outcome, status: status, naming: "output")
            }
            #expect(try String(contentsOfFile: target, encoding: .utf8) == "mine")
        }
    }

    @Suite("A part that is verified")
    struct Parts {
        @Test("is told as a part, is the same with the seed that was printed, and proves no more")
        func sample() async throws {
            let workspace = try await Workspace.shared.value
            let text = try await workspace.cachectl.succeed(["verify", workspace.union, "--sample", "5%"])
            #expect(
                !text.output.contains("sound") && text.output.contains("the rest was not checked"),
                "\(text)"
            )
            let seed = try #require(text.output.firstMatch(of: /--seed ([0-9]+)/)?.1)
            for option in [["--sample", "5%"], ["--for", "1ms"]] {
                let outcome = try await workspace.cachectl.succeed(
                    ["verify", workspace.union, "--json", "--seed", String(seed)] + option
                )
                let report = try EndToEnd.object(outcome.output)
                #expect(report["is_sound"] is NSNull)
                let archive = try #require((report["archives"] as? [[String: Any]])?.first)
                let part = try #require(archive["part"] as? [String: Any])
                #expect(archive["is_sound"] is NSNull && part["is_whole"] as? Bool == false)
                #expect(part["seed"] as? Int == Int(seed))
                let (checked, all) = (part["raw_bytes"] as? Int ?? 0, part["all_raw_bytes"] as? Int ?? 0)
                #expect(checked < all && (option[0] == "--for" || checked * 20 >= all), "\(outcome)")
                #expect((part["members"] as? Int ?? 0) >= 1)
                if option[0] == "--sample" {
                    #expect(text.output.contains("\(try #require(part["members"] as? Int)) of "), "\(text)")
                }
            }
        }

        @Test("that is all is the archive, and damage has status 2 whatever the part")
        func whole() async throws {
            let workspace = try await Workspace.shared.value
            for option in [["--sample", "100%"], ["--for", "1h"]] {
                let outcome = try await workspace.cachectl.succeed(["verify", workspace.union] + option)
                #expect(outcome.output.contains(": sound, "), "\(outcome)")
            }
            let damaged = try Scratch.shared.place("damaged.castore")
            var bytes = try Data(contentsOf: URL(fileURLWithPath: workspace.union))
            // The first frames are those of all outputs, most of them small.
            for offset in stride(from: 100, to: bytes.count / 2, by: 1000) { bytes[offset] ^= 1 }
            try bytes.write(to: URL(fileURLWithPath: damaged))
            let outcome = try await workspace.cachectl.run(["verify", damaged, "--sample", "50%", "--json"])
            #expect(outcome.status == 2, "\(outcome)")
            let report = try EndToEnd.object(outcome.output)
            #expect(report["is_sound"] as? Bool == false)
            let archive = try #require((report["archives"] as? [[String: Any]])?.first)
            let part = try #require(archive["part"] as? [String: Any])
            let seed = String(try #require(part["seed"] as? Int))
            #expect(part["is_whole"] as? Bool == false)
            #expect(archive["is_sound"] as? Bool == false)
            // The same part again, as text, quiet or not.
            let command = ["verify", damaged, "--sample", "50%", "--seed", seed]
            let text = try await workspace.cachectl.run(command)
            #expect(text.status == 2 && text.output.contains("(--seed \(seed)); the rest was not checked"))
            let problems = try #require((archive["problems"] as? [Any])?.count)
            #expect(text.output.contains("\(problems) problem"), "\(text)")
            let quiet = try await workspace.cachectl.run(command + ["--quiet"])
            #expect(quiet.status == 2 && quiet.output.isEmpty, "\(quiet)")
            #expect(
                quiet.errors.contains("hint: only ") && quiet.errors.contains("--seed \(seed)"),
                "\(quiet)"
            )
        }
    }
}
