import CacheStore

/// The library's remedies in the words of cachectl, in the only place that names commands and flags for them.
enum RemedyText {
    private static let texts: [Remedy: String] = [
        .overwrite: "choose another name, or overwrite it with --force",
        .packAgain: "make it again with `cachectl pack`, or copy it again",
        .makeAgain:
            "no damage does this: who wrote the archive did it wrong or has changed it; make it again with "
            + "`cachectl pack`, or with `cachectl union` from the archives that it was made of",
        .recoverContent:
            "make it again with `cachectl pack`, or copy it again; `cachectl repair ARCHIVE --from OTHER -o "
            + "NEW` takes what is damaged from archives that have the same content, and "
            + "`cachectl restore --skip-damaged` leaves it out",
        .recoverIndex:
            "make it again with `cachectl pack`, or copy it again; `cachectl repair ARCHIVE -o NEW` finds "
            + "the index if that is sound, and `cachectl repair ARCHIVE --from OTHER -o NEW` can use that of "
            + "another archive that has the same content",
        .useOtherIndex:
            "make it again with `cachectl pack`, or copy it again; `cachectl repair ARCHIVE --from OTHER -o "
            + "NEW` can use the index of another archive that has the same content",
        .copyOrUnpack:
            "copy or pack it again; if it was compressed with zstd, decompress it; `cachectl repair ARCHIVE "
            + "-o NEW` finds the index if that is sound, and `cachectl repair ARCHIVE --from OTHER -o NEW` "
            + "gets back what is left of a file that was cut short, with the index of another archive",
        .distrust: "do not use this archive: cachectl writes none like it",
        .upgrade: "use the cachectl that wrote it, or a newer one",
        .findForger:
            "find out which job did not build what the others built, or why the build is not reproducible "
            + "(`cachectl diff --same-job`); `--on-conflict drop` leaves these entries out, and Go compiles "
            + "for itself",
        .relabel: "give each pack its own --label",
        .relabelPack: "give this one its own --label",
        .listMembers: "`cachectl ls` lists them, and their files with --files",
        .readTree: "read files of the tree, or restore with `--module-zips make`",
        .rebuild:
            "`cachectl pack --json` without `--strict` leaves out and lists all that can't be packed; or "
            + "remove that, and build again",
        .installGo: "install Go, or name it with `--go PATH`",
        .recordEnvironment: "pack without `--no-go`, or judge packages with `--packages DIR`",
        .restoreFirst:
            "run `cachectl restore` first, best in the image itself, and then `cachectl doctor`",
        .useArchive:
            "it need not be packed: `cachectl restore` restores it, `cachectl select` takes members of it, "
            + "and `cachectl union` unites it with others",
        .decompressTar:
            "decompress it with the program that compressed it (zstd may need `--long=31`), and pipe the tar "
            + "to `--from-tar -`; or unpack it, and pack the directories",
        .placeBuildCache:
            "name its path in the tar with `--gocache PATH`, or leave the build cache out with "
            + "`--no-gocache`",
        .placeModuleCache:
            "name its path in the tar with `--gomodcache PATH`, or leave the module cache out with "
            + "`--no-gomodcache`",
        .chooseLevel: "set it with `--level`",
        .keepLevel: "choose a higher `--level`, or omit it to take the content as it is stored",
        .compressFirst:
            "first select with `--level`, and then select from the result with `--max-size`",
        .allowThreads:
            "raise the limit of processes (`ulimit -u`, or the container's pids limit), or use fewer threads "
            + "with `--jobs`",
        .freeMemory: "give it more memory, or use fewer threads with `--jobs`",
        .chooseScratch: "free some space there, or name another directory in `TMPDIR`",
        .nameRegistry: "an archive in a registry is named `oci://REGISTRY/REPOSITORY:TAG`",
        .downloadFirst: "download it with `cachectl pull ADDRESS -o FILE`, and name FILE",
        .encrypt:
            "use `https://`, or set `CACHECTL_PLAIN_HTTP=1` where nobody else can read or change what is "
            + "sent",
        .nameArtifact: "name an artifact that `cachectl push` made",
        .diagnose: "`cachectl doctor` tells which and why",
        .restoreForUse:
            "restore with `cachectl restore --profile ci` into the directory in which the job builds, or "
            + "into an empty one",
        .allowSize:
            "allow at least that with `--max-size`, or leave out more with `--only`, `--drop` or `--used`",
        .logUse:
            "have the job's go commands run with `GOCACHEPROG=\"cachectl prog --log FILE ARCHIVE\"`, pack "
            + "after them, and name that FILE",
        .logUseToSelect:
            "run go commands with `GOCACHEPROG=\"cachectl prog --log FILE ARCHIVE\"`, and name that FILE",
        .leaveBuildCache: "leave it alone with `--no-gocache`",
        .leaveModuleCache: "leave it alone with `--no-gomodcache`",
        .checkPattern: "it must match a whole name: `cachectl explain` and `cachectl ls` list the names",
        .nameCheckout:
            "name the directory of the job's sources, in which its go.sum files are, with `--checkout DIR`",
        .chooseProfile: "use `--profile image` or `--profile readonly`",
        .nameTag: "name one, as in `--base oci:DIR:TAG`",
        .nameTagOrArchitecture: "name one, as in `--base oci:DIR:TAG`, or its `--arch`",
        .nameArchitecture: "name one, as in `--arch amd64`",
        .omitTag: "name none, as in `--base oci:DIR`",
        .chooseCachePath: "choose another directory with `--gocache` or `--gomodcache`",
        .flattenBase:
            "use a base with fewer layers, or leave a cache out with `--no-gocache` or `--no-gomodcache`",
        .cutLayers: "cut the caches with `--split`",
        .useImageProfile: "use `--profile image`",
        .nameCaches: "leave `--no-env` out, or set GOCACHE and GOMODCACHE wherever the image runs",
        .leaveModulesOut: "leave the module cache out with `--no-gomodcache`",
    ]

    /// Returns the words for a remedy; the library's own words serve where no command or flag is needed.
    static func words(for remedy: Remedy) -> String { texts[remedy] ?? remedy.description }
}

extension RemedyText {
    /// Returns the sentence on a restore whose entries can't hit.
    static func nothingHits(_ archive: String) -> String {
        "nothing in it can hit here, so builds compile everything again: "
            + "`cachectl doctor \(quoted(archive))` tells why"
    }

    /// The advice for damaged content where all of an archive is needed.
    static let sparePart =
        "make it again with `cachectl pack`, or copy it again; `cachectl repair ARCHIVE --from OTHER -o NEW` "
        + "takes what is damaged from archives that have the same content, and `cachectl repair ARCHIVE -o "
        + "REST` keeps what is sound"

    /// The advice to name the result of a restore.
    static let restoreRecord = "give `--restored` the file that `cachectl restore --json` was written to"

    /// The advice to write a log that tells hits and misses.
    static let log = "run the job's go commands with `-x`, and log all that they print"

    /// The reason why the names of packages in a log prove nothing.
    static let verboseLog = "`go build -v` names those that it compiles, but `go vet -v` names all"

    /// The doubt about a log in which go commands only name their temporary directories.
    static let workDirectory = "unless they ran with `-work` and without `-x`"

    /// The advice to compare with another archive.
    static let base = "name another archive with `--base`"

    /// The advice to make an archive fit its budget.
    static let shrink =
        "pack only what the job used (`pack --used`), leave classes of entries out (`pack --drop`), or raise "
        + "`--budget`; `cachectl explain` shows where the bytes are"

    /// The advice to list all differences of two archives.
    static let compare = "`cachectl diff --json` lists all of them"

    /// The advice to list everything that takes bytes in an archive.
    static let explain = "`cachectl explain --json` lists all of them"

    /// Returns the advice to seal a cache for its users.
    static func sealing(_ directory: String, _ profile: CacheProfile, moduleCache: String? = nil) -> String {
        let option = profile == .image ? "" : " --profile \(profile.rawValue)"
        let modules = moduleCache.map { " --gomodcache \(quoted($0))" } ?? ""
        return "run `cachectl seal\(option) \(quoted(directory))\(modules)` as the image's last step"
    }

    /// Returns the advice to have GOMODCACHE where the jobs had it, for a command with an option for that.
    static func moving(moduleCacheTo path: String) -> String {
        "use `--gomodcache \(quoted(path))`, or build with -trimpath in the jobs and here"
    }

    /// Returns a path as a word for the shell.
    private static func quoted(_ path: String) -> String {
        let isPlain = path.utf8.allSatisfy { $0 > 0x20 && !"\"'`$\\*?[]&;|<>()#~!".utf8.contains($0) }
        let name = HumanFormat.printable(path)
        return isPlain ? name : "'\(name.replacing(scalar: "'", with: "'\\''"))'"
    }
}

extension CacheStore.Warning {
    /// The warning and its remedy as one sentence.
    var sentence: String { message + (remedy.map { "; \(RemedyText.words(for: $0))" } ?? "") }

    /// The warning for a command whose option named GOMODCACHE: it advises to use that option.
    var namingModuleCacheOption: Self {
        guard let remedy, remedy.code == .useModuleCache, let path = remedy.value else { return self }
        var result = self
        result.message += "; \(RemedyText.moving(moduleCacheTo: path))"
        result.remedy = nil
        return result
    }
}

extension Finding {
    /// The way to mend the finding's cause, in the words of cachectl.
    var advice: String { remedy.map { RemedyText.words(for: $0) } ?? mend }
}
