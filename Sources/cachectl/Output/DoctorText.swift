import CacheStore
import SystemPackage

/// The text that `cachectl doctor` prints for people: the verdict, then the reasons for it.
enum DoctorText {
    /// The greatest number of packages, and of values of one setting, that the text names.
    private static let packageLimit = 10

    /// Returns the lines of the text.
    ///
    /// The causes come before the packages that they explain, and notes come last.
    static func lines(
        _ report: Doctor.Report,
        archive: String,
        width: Int = PageWidth.columns
    ) -> [String] {
        var lines = ["`\(HumanFormat.printable(archive))`: \(verdict(report))"]
        if Set(report.sources.values).count > 1 { lines += [""] + sources(report).lines(fitting: width) }
        let findings = report.findings.filter { $0.code != .missingPackages }
        let causes = findings.filter { $0.severity > .note }.flatMap { [""] + self.lines($0, width) }
        let mend = report.findings.first { $0.code == .missingPackages }?.advice
        let packages = report.packages.map { [""] + self.lines($0, mend: mend, width) } ?? []
        // Where all packages hit, the findings are about sources that these packages do not need.
        lines += report.packages?.missing.isEmpty == true ? packages + causes : causes + packages
        for finding in findings where finding.severity == .note { lines += [""] + self.lines(finding, width) }
        return lines
    }

    private static func verdict(_ report: Doctor.Report) -> String {
        let builds = report.packages == nil ? "builds here" : "these packages"
        return switch report.prediction {
        case .hits: "\(builds) will hit"
        case .unknown: "it can't be told whether \(builds) will hit"
        case .someMiss: "\(builds) will hit in part"
        case .nothingHits: "\(builds) will not hit: everything will be compiled again"
        }
    }

    private static func sources(_ report: Doctor.Report) -> Table {
        var table = Table(.left("source"), .left("as its settings say"))
        for (label, prediction) in report.sources.sorted(by: { $0.key < $1.key }) {
            table.append(label, words(prediction))
        }
        return table
    }

    private static func words(_ prediction: Doctor.Report.Prediction) -> String {
        switch prediction {
        case .hits: "will hit"
        case .unknown: "not known"
        case .someMiss: "some packages will miss"
        case .nothingHits: "nothing will hit"
        }
    }

    private static func lines(_ finding: Finding, _ width: Int) -> [String] {
        let mark =
            switch finding.severity {
            case .note: "note"
            case .unknown: "unknown"
            case .someMiss: "some miss"
            case .nothingHits: "nothing hits"
            }
        var rows = [("\(finding.setting):", mark)]
        let isLong = finding.recorded.count > packageLimit + 1
        rows += (isLong ? finding.recorded.prefix(packageLimit) : finding.recorded[...]).map {
            ("  jobs", "\(value($0.value))(\($0.sources.joined(separator: ", ")))")
        }
        if isLong { rows.append(("  jobs", "and \(finding.recorded.count - packageLimit) other values")) }
        if let here = finding.here { rows.append(("  here", here.isEmpty ? "not set" : here)) }
        rows.append(("  loss", finding.loss))
        if !finding.advice.isEmpty { rows.append(("  mend", finding.advice)) }
        return rows.flatMap {
            "\($0) \(HumanFormat.printable($1))".wrapped(to: width, indent: $0.count + 1)
        }
    }

    private static func value(_ value: String) -> String { value.isEmpty ? "" : "\(value) " }

    private static func lines(
        _ packages: Doctor.Report.Packages,
        mend: String?,
        _ width: Int
    ) -> [String] {
        let all = HumanFormat.count(packages.total, "package", "packages")
        let place = "in `\(HumanFormat.printable(packages.directory.string))`"
        guard !packages.missing.isEmpty else {
            return "\(place) \(all), of which none will be compiled".wrapped(to: width, indent: 2)
        }
        let range = packages.compiles
        let least = HumanFormat.count(range.lowerBound)
        let count = range.count == 1 ? least : "\(least) to \(HumanFormat.count(range.upperBound))"
        // A package that misses on its own account tells more than the packages that depend on it.
        let order = packages.missing.filter(\.isCertain) + packages.missing.filter { !$0.isCertain }
        let reasons = Set(order.map(reason))
        let only = reasons.count == 1 && order.allSatisfy { $0.setting != nil } ? reasons.first : nil
        let because = only.map { ", because of \(HumanFormat.printable($0))" } ?? ""
        var lines = "\(place) \(all), of which \(count) will be compiled\(because)"
            .wrapped(to: width, indent: 2)
        lines += table(of: order, withReasons: only == nil).lines(fitting: width)
        if isCut(order) {
            let more = HumanFormat.count(order.count - packageLimit)
            lines.append("  and \(more) more; `--json` lists all of them")
        }
        // A setting's own finding says how to mend it.
        let isPuzzling = order.contains { $0.isCertain && $0.setting == nil }
        guard isPuzzling, let mend else { return lines }
        return lines + "  mend: \(mend)".wrapped(to: width, indent: 8)
    }

    private static func isCut(_ packages: [Doctor.Report.MissingPackage]) -> Bool {
        packages.count > packageLimit + 1
    }

    private static func table(
        of packages: [Doctor.Report.MissingPackage],
        withReasons: Bool
    ) -> Table {
        var table = withReasons ? Table(.left("  missing"), .left("because of")) : Table(.left("  missing"))
        for package in isCut(packages) ? packages.prefix(packageLimit) : packages[...] {
            let name = "  " + HumanFormat.printable(package.importPath)
            if withReasons {
                table.append(name, HumanFormat.printable(reason(package)))
            } else {
                table.append(name)
            }
        }
        return table
    }

    private static func reason(_ package: Doctor.Report.MissingPackage) -> String {
        if package.isCertain, let setting = package.setting { return setting }
        return package.dependsOn.map { "it depends on \($0)" } ?? "no job built it like this"
    }
}
