import ArgumentParser
import CacheStore
import FoundationEssentials
import SystemPackage

/// `cachectl doctor`: a prediction of whether builds here will hit, with the reasons if they will not.
struct DoctorCommand: AsyncParsableCommand, Sendable {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Say whether builds here will hit what an archive holds, and if not, why.",
        discussion: """
            Compares the Go environment of each source, and the toolchain and target that its \
            packages state, with those here. For each difference, shows the loss and the \
            remedy. Flags that jobs gave on Go's command line are not recorded: put such \
            flags into GOFLAGS, there and here. The doctor also says if its user lacks access to \
            the caches, so that builds fail: run it as the user who builds.

            With --packages, the Go command itself tells what `go build` would compile in \
            that directory. For this, the beginnings of the archive's packages are written \
            to $TMPDIR, a small part of the build cache; with --compile, all of it is restored \
            there. The modules must be in GOMODCACHE, so run the doctor after `cachectl \
            restore`, best in the image. The doctor changes neither cache and downloads nothing.

            The content of the archive is not checked: damage does not change what the doctor \
            says. `cachectl verify` finds it.

            The exit status is 0 if builds will hit, and 1 if something will miss or if the \
            doctor can't tell.

            Examples:
              cachectl doctor all.castore
              cachectl doctor all.castore --gomodcache /mod --go /opt/go/bin/go
              cachectl doctor all.castore --packages . && docker push image
              cachectl doctor all.castore --packages . ./cmd/... --compile --json
            """
    )

    @Argument(help: ArgumentHelp("The archive.", valueName: "archive"), completion: .file())
    var archive: ArchiveArgument

    @Argument(
        help: ArgumentHelp("With --packages: the packages to judge. (default: ./...)", valueName: "package")
    )
    var patterns: [String] = []

    @Option(
        help: ArgumentHelp("The module cache. (default: as `go env` says)", valueName: "dir"),
        completion: .directory
    )
    var gomodcache: String?

    @Option(help: ArgumentHelp("The Go command to ask. (default: go)", valueName: "path"))
    var go: String?

    @Option(
        help: ArgumentHelp("Judge only what these sources hold. (default: all)", valueName: "label,..."),
        transform: CommaList.values
    )
    var only: [[String]] = []

    @Option(
        help: ArgumentHelp("Have Go judge the packages in this directory.", valueName: "dir"),
        completion: .directory
    )
    var packages: String?

    @Flag(help: "With --packages: compile what misses, so that the count is exact.")
    var compile = false

    @OptionGroup
    var common: CommonOptions

    func validate() throws {
        if packages == nil, !patterns.isEmpty || compile {
            throw ValidationError("`--compile` and packages need `--packages DIR`")
        }
        for (name, value) in [("gomodcache", gomodcache), ("go", go), ("packages", packages)]
        where value == "" {
            throw ValidationError("`--\(name)` is empty")
        }
        if let pattern = patterns.first(where: { $0.isEmpty || $0.hasPrefix("-") }) {
            throw ValidationError("`\(pattern)` names no packages")
        }
    }

    func run() async throws {
        let archive = try await archive.open()
        let options = doctorOptions
        let (report, time) = try await common.perform(
            consequence: "nothing was changed"
        ) { progress in
            try await Doctor(options: options).run(archive, progress: progress)
        }
        if common.json {
            try StandardOutput.write(.doctor(report, archive: self.archive.name, time: time))
        } else if !common.quiet || report.prediction != .hits {
            try StandardOutput.write(DoctorText.lines(report, archive: self.archive.name))
        }
        guard report.prediction == .hits else { throw ExitCode.failure }
    }

    private var doctorOptions: Doctor.Options {
        var options = Doctor.Options()
        options.go = WorkingDirectory.command(go)
        options.moduleCache = gomodcache.map(WorkingDirectory.absolute)
        options.only = only.isEmpty ? nil : only.flatMap(\.self)
        options.packages = packages.map {
            var packages = Doctor.Options.Packages(directory: WorkingDirectory.absolute($0))
            if !patterns.isEmpty { packages.patterns = patterns }
            packages.compiles = compile
            return packages
        }
        options.temporaryDirectory = FilePath(FileManager.default.temporaryDirectory.path)
        options.jobs = common.jobs
        return options
    }
}
