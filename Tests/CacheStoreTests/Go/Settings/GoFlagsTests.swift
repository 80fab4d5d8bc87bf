import Testing

@testable import CacheStore

@Suite("GOFLAGS")
struct GoFlagsTests {
    @Test("is read as Go reads it: words, quotes around a word, one or two dashes, the last value")
    func words() {
        let flags = GoFlags(" -race\t--tags=a,b \"-ldflags=-s -w\" '-gcflags=all=-N -l' -tags=c -p=4\n")
        #expect(flags.isOn("race"))
        #expect(flags["tags"] == "c")
        #expect(flags.values["tags"] == ["a,b", "c"])
        #expect(flags["ldflags"] == "-s -w")
        #expect(flags["gcflags"] == "all=-N -l")
        #expect(flags["p"] == "4")
        #expect(flags["missing"].isEmpty && !flags.isOn("missing"))
    }

    @Test(
        "that is damaged gives what can be read",
        arguments: ["", "-", "--", "---x", "-=x", "word", "\"-tags=a"]
    )
    func damaged(text: String) {
        let flags = GoFlags(text)
        #expect(flags.values == (text.hasPrefix("\"") ? ["tags": ["a"]] : [:]))
    }

    @Test(
        "turns a flag on and off, the last word counting",
        arguments: [
            ("-race", true), ("-race=true", true), ("-race=1", true), ("-race=false", false),
            ("-race=0", false),
            ("-race -race=false", false), ("-race=false -race", true), ("-racer", false),
        ]
    )
    func booleans(text: String, isOn: Bool) { #expect(GoFlags(text).isOn("race") == isOn) }
}

@Suite("The distribution")
struct OSReleaseTests {
    @Test(
        "is read from os-release, with and without quotes",
        arguments: [
            ("NAME=x\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n", "Debian GNU/Linux 12 (bookworm)"),
            ("PRETTY_NAME='Alpine Linux v3.20'", "Alpine Linux v3.20"), ("PRETTY_NAME=Void", "Void"),
            ("PRETTY_NAME=\"The \\\"Best\\\" 1\"\n", "The \"Best\" 1"), ("PRETTY_NAME=\"\"", nil),
            ("NAME=x\n# PRETTY_NAME=y", nil), ("", nil),
        ] as [(String, String?)]
    )
    func prettyName(text: String, name: String?) { #expect(OSRelease.prettyName(in: text) == name) }

    @Test(
        "keeps for Go's judgement of packages only what decides keys or the choice of files",
        arguments: [
            ("-json -x -n -v -w -u -C=/x -o=/x -count=1 -work -p=2", ""),
            ("-tags=a,b -x --race -mod=vendor", "-tags=a,b --race -mod=vendor"),
            ("'-ldflags=-s -w' -json \"-gcflags=all=-N -l\"", "'-ldflags=-s -w' '-gcflags=all=-N -l'"),
            ("\"-ldflags=-X 'a.b=c d'\"", "\"-ldflags=-X 'a.b=c d'\""),
            ("-toolexec=/bin/env -overlay=o.json -modfile=m.mod -a -pgo=off", "="),
            ("tags -tagsx=1 '-x", ""),
        ]
    )
    func decisive(text: String, kept: String) {
        #expect(GoFlags.decisive(of: text) == (kept == "=" ? text : kept))
    }

    @Test("splits words at bytes as Go does, whatever letters stand around a blank")
    func bytes() {
        // To Swift, this sign and the blank behind it are one character.
        let text = "-tags=a\u{600} -toolexec=/x b\u{301} '\u{301}c d'"
        #expect(QuotedWords.split(text) == ["-tags=a\u{600}", "-toolexec=/x", "b\u{301}", "\u{301}c d"])
        for word in [
            "a \u{301}b", "n\u{600} --read-only", "it'\u{301}s x", "", "'", "\"a", "a\tb", "plain", "\r\n",
        ] {
            let quoted = QuotedWords.quoted(word)
            #expect(quoted.map { QuotedWords.split("x \($0) y") } == ["x", word, "y"], "\(word)")
        }
        #expect(QuotedWords.quoted("a 'b' \"c\"") == nil)
    }

    @Test("takes over no flag that makes Go run a program, or read or write a file")
    func harmless() {
        for flags in [
            "", "-trimpath", "--tags=a,b -race", "-mod=vendor", "-buildvcs=false -modcacherw '-tags=a b'",
        ] {
            #expect(GoFlags.areHarmless(flags), "\(flags)")
        }
        for flags in [
            "-toolexec=/x", "-trimpath -ldflags=-extld=/x", "-mod=mod", "-mod", "-buildvcs=true", "-buildvcs",
            "-overlay=x", "-modfile=x", "-pgo=x", "-gcflags=-cpuprofile=x", "-exec=/x", "x", "---trimpath",
            "-",
            "-tags=a\u{600} -toolexec=/x", "-trimpath\u{301}", "\u{600}-trimpath",
        ] {
            #expect(!GoFlags.areHarmless(flags), "\(flags)")
        }
    }
}
