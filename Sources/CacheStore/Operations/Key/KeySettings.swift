import SystemPackage

/// The settings of a job, apart from the version and the target of Go, that decide whether entries hit.
///
/// They are those of the table ``Setting/all``, in a form in which equal values hit. A setting that is not
/// set, or that has no effect in this job, is absent. GOROOT is absent as well, because nothing is compiled
/// again if it differs.
struct KeySettings {
    /// The values by name, ordered by name.
    let values: [JobKey.Report.Setting]

    /// Takes the settings from an environment.
    ///
    /// - Parameters:
    ///   - environment: The environment of the job.
    ///   - checkout: The directory of the job's sources.
    init(_ environment: GoEnvironment, checkout: FilePath) {
        let apart: Set<Finding.Code> = [.goVersion, .goTarget, .goRoot]
        var values = Setting.all.compactMap { setting -> JobKey.Report.Setting? in
            guard !apart.contains(setting.code), !setting.isOnlyHere, setting.isRelevant([environment]),
                let value = setting.value(environment), !value.isEmpty
            else { return nil }
            return JobKey.Report.Setting(name: setting.name, value: value)
        }
        if !environment.trimsPaths {
            values.append(JobKey.Report.Setting(name: "checkout", value: checkout.string))
        }
        self.values = values.sorted { $0.name.precedes($1.name) }
    }
}
