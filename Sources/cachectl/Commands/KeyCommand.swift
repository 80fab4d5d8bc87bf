import ArgumentParser
import CacheStore
import SystemPackage

/// `cachectl key`: the key under which a job's caches are kept.
struct KeyCommand: AsyncParsableCommand, Sendable {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "Print the key under which a job's caches are kept from one run to the next.",
        discussion: """
            The key is made of the prefix, GOOS, GOARCH, the version of Go, a hash of all \
            other settings that decide whether entries hit, and a hash of the go.sum files \
            that builds in the directory use, wherever they lie, and of those below it. It \
            changes with these, and with nothing else.

            A flag that only the command line of `go build` has, such as -race, is not in \
            the key: put it into GOFLAGS, or give such jobs a --prefix of their own.

            The fallbacks are beginnings of older keys that are worth restoring, for \
            `restore-keys` of actions/cache. With `cachectl pack --used`, caches that are \
            restored by a fallback don't grow from job to job.

            Examples:
              cachectl key
              cachectl key --fallbacks
              cachectl key --prefix integration --json services/api | jq .parts
            """
    )

    @Argument(
        help: ArgumentHelp(
            "The directory of the job's sources. (default: the current one)",
            valueName: "dir"
        ),
        completion: .directory
    )
    var directory: String?

    @Option(help: ArgumentHelp("The beginning of the key.", valueName: "name"))
    var prefix = "go"

    @Flag(help: "Print the beginnings of older keys that are worth restoring, the nearest first.")
    var fallbacks = false

    @Option(help: ArgumentHelp("The Go command to ask. (default: go)", valueName: "path"))
    var go: String?

    @OptionGroup
    var common: CommonOptions

    func validate() throws {
        if directory == "" { throw ValidationError("the directory is empty") }
        if prefix.isEmpty { throw ValidationError("`--prefix` is empty") }
        if go == "" { throw ValidationError("`--go` is empty") }
        let options = keyOptions
        try OptionCheck.run { () throws(CacheStoreError) in try options.check() }
    }

    func run() async throws {
        let path = try WorkingDirectory.asGoSees(directory ?? ".")
        let options = keyOptions
        let report = try await GoQuestion.asking(
            advice: "install Go, or name it with `--go PATH`, in the job and before its key is needed",
            adviceWhereGoFails: Remedy.heedGo.description,
            consequence: "no key was printed"
        ) {
            try await JobKey(options: options).run(in: path)
        }
        common.show(report.warnings)
        if common.json {
            try StandardOutput.write(.key(report, directory: path.string))
        } else {
            try StandardOutput.write(fallbacks ? report.fallbacks : [report.key])
        }
    }

    private var keyOptions: JobKey.Options {
        var options = JobKey.Options()
        options.prefix = prefix
        options.go = WorkingDirectory.command(go)
        return options
    }
}
