import ArgumentParser
import CacheStore
import FoundationEssentials
import Glibc
import SystemPackage

/// `cachectl prog`: the program of GOCACHEPROG, which the go command starts.
struct ProgCommand: AsyncParsableCommand, Sendable {
    static let configuration = CommandConfiguration(
        commandName: "prog",
        abstract: "Serve the build cache to go commands from archives, without a restore.",
        discussion: """
            Go 1.24 and newer start the program that GOCACHEPROG names, once per command:

              export GOCACHEPROG="cachectl prog /caches/all.castore"
              go build ./...

            What Go asks for is looked up in GOCACHE, then in the archives in their order. \
            What an archive has is put into GOCACHE as a restore would put it, and what Go \
            makes is written as Go writes it. So GOCACHE fills with what was used, and the \
            next build needs nothing of the archives.

            A damaged archive or a full disk makes misses and one warning, and never a failed \
            build, unless --strict is given. An archive that was written wrong is found by \
            `cachectl verify`. Use absolute paths: Go starts the program in any directory. A \
            path with spaces needs quotes: GOCACHEPROG="cachectl prog '/my caches/all.castore'".

            Modules are not served. `cachectl run` restores those that the directory needs, \
            and sets GOCACHEPROG by itself; or use `cachectl restore --for`.

            Examples:
              cachectl prog /caches/all.castore
              cachectl prog /caches/aws.castore /caches/gcp.castore
              cachectl prog /caches/all.castore --log /tmp/cache.log
              cachectl prog /caches/all.castore --strict --read-only
            """
    )

    @Argument(
        help: ArgumentHelp(
            "The archives, in the order in which Go's entries are looked up.",
            valueName: "archive"
        ),
        completion: .file()
    )
    var archives: [ArchiveArgument]

    @Option(
        help: ArgumentHelp(
            "Append a line of JSON per go command to this file: hits, misses, bytes and times. The actions "
                + "that were used go to FILE.used, for `cachectl pack --used-log`. A file "
                + "that holds anything else stays as it is, with a warning.",
            valueName: "file"
        ),
        completion: .file()
    )
    var log: String?

    @Flag(
        name: .customLong("read-only"),
        help: "Keep what Go makes out of GOCACHE; it is gone when the go command ends."
    )
    var keepsPutsOut = false

    @Flag(
        name: .customLong("strict"),
        help: ArgumentHelp(
            "Fail at the start if an archive can't be read, or if the log is another file. A damaged entry, "
                + "which is found when Go asks for it, is a miss all the same."
        )
    )
    var isStrict = false

    @Option(
        help: ArgumentHelp("The number of threads, 1 to 256. (default: two per processor)", valueName: "n")
    )
    var jobs: Int?

    func validate() throws {
        if let jobs, !(1...256).contains(jobs) {
            throw ValidationError("`--jobs` is \(jobs), and must be 1 to 256")
        }
    }

    func run() async throws {
        guard isatty(STDIN_FILENO) == 0 else {
            throw ValidationError(
                "the go command starts `cachectl prog`, and writes to its standard input: set "
                    + "`GOCACHEPROG=\"cachectl prog "
                    + "\(archives.map(\.name).joined(separator: " "))\"` and run go"
            )
        }
        // Go gets the keys that a person presses, too, and decides when the program ends.
        for number in [SIGINT, SIGHUP] { signal(number, SIG_IGN) }
        var options = options
        let buildCache = try ProgramPlaces.buildCache()
        // Go's own scratch files lie in $TMPDIR, and must find room there. What is read ends in GOCACHE.
        let isWritable = FileManager.default.isWritableFile(atPath: buildCache.string)
        let remote = Remote.servedArchives(in: isWritable ? buildCache : ProgramPlaces.temporary())
        for archive in archives { options.archives.append(try await archive.reference(by: remote)) }
        let program = CacheProgram(buildCache: buildCache, options: options)
        _ = try await Signals.cancelling(consequence: "run the go command again") {
            try await program.serve(.standardInput, answering: .standardOutput)
        }
    }

    private var options: CacheProgram.Options {
        var options = CacheProgram.Options()
        options.isStrict = isStrict
        options.keepsPutsOut = keepsPutsOut
        options.log = log.map { FilePath($0) }
        options.jobs = jobs
        options.scratchParent = ProgramPlaces.temporary()
        options.warn = { StandardError.write(Message($0)) }
        return options
    }
}
