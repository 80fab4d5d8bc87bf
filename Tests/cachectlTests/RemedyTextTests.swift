import CacheStore
import Testing

@testable import cachectl

@Suite("The words for a remedy")
struct RemedyTextTests {
    @Test("name the command or the flag that helps, where the library's own words name none")
    func words() {
        let repair = "`cachectl repair ARCHIVE --from OTHER -o NEW`"
        for (remedy, word) in [
            (Remedy.overwrite, "--force"), (.relabel, "--label"), (.installGo, "--go PATH"),
            (.packAgain, "`cachectl pack`"), (.makeAgain, "`cachectl union`"), (.recoverContent, repair),
            (.recoverIndex, repair),
            (.recoverIndex, "`cachectl repair ARCHIVE -o NEW`"), (.useOtherIndex, repair),
            (.copyOrUnpack, "`cachectl repair ARCHIVE -o NEW`"),
            (.recoverContent, "`cachectl restore --skip-damaged`"), (.copyOrUnpack, repair),
            (.listMembers, "`cachectl ls`"),
            (.chooseProfile, "--profile"), (.nameArchitecture, "--arch"), (.nameTag, "--base"),
            (.logUse, "cachectl prog --log"), (.allowSize, "--max-size"),
            (.logUseToSelect, "cachectl prog --log"), (.checkPattern, "cachectl explain"),
            (.nameCheckout, "--checkout"),
        ] {
            #expect(RemedyText.words(for: remedy).contains(word), "\(remedy)")
            let own = remedy.description
            #expect(!own.contains("--") && !own.contains("cachectl"), "\(remedy)")
        }
    }

    @Test("to seal a cache are a command that can be run as it stands")
    func sealing() {
        for (directory, profile, command) in [
            ("/c", CacheProfile.image, "seal /c"), ("/c", .readonly, "seal --profile readonly /c"),
            ("my cache", .image, "seal 'my cache'"), ("it's", .image, #"seal 'it'\''s'"#),
        ] {
            let words = RemedyText.sealing(directory, profile)
            #expect(words == "run `cachectl \(command)` as the image's last step")
        }
        let both = RemedyText.sealing("/c", .image, moduleCache: "my modules")
        #expect(both == "run `cachectl seal /c --gomodcache 'my modules'` as the image's last step")
    }

    @Test("quote a quote for the shell even where an accent follows it")
    func accent() {
        let words = RemedyText.moving(moduleCacheTo: "/a'\u{301};b")
        #expect(words.utf8.starts(with: "use `--gomodcache '/a'\\''\u{301};b'`, ".utf8))
    }

    @Test("are the library's own where no command and no flag helps")
    func others() {
        for remedy in [Remedy.copyBaseAgain, .chooseSource(among: ["aws", "gcp"])] {
            #expect(RemedyText.words(for: remedy) == remedy.description)
        }
    }

    @Test("about GOMODCACHE name the option of a command that has one")
    func moduleCache() {
        let warning = CacheStore.Warning(
            code: .moduleCachePath,
            message: "other",
            remedy: .useModuleCache(at: "/a b")
        )
        #expect(warning.sentence.hasPrefix("other; set `GOMODCACHE=/a b` here, or "))
        #expect(warning.namingModuleCacheOption.sentence.hasPrefix("other; use `--gomodcache '/a b'`, or "))
        let other = CacheStore.Warning(code: .moduleCachePath, message: "other", remedy: .diagnose)
        #expect(other.namingModuleCacheOption == other)
    }
}
