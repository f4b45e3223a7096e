package runtimes

// Where the rows were read.
const (
	guide     = `AWS Lambda developer guide, "Lambda runtimes"`
	lifecycle = "cfn-lint 1.58.0, runtime lifecycle data"
	platforms = "complete-platform files made from the runtime images"
	api       = "AWS SDK model of lambda, 2026-07-13"
	inferred  = "glibc inferred from the operating system"

	plus    = "; "
	checked = "2026-11-23"
)

const (
	amazonLinux2    = "Amazon Linux 2"
	amazonLinux2023 = "Amazon Linux 2023"
)

// table lists what a layer can be built for; whole adds what follows from the
// family and the system. Dates move: they are data, and a row is corrected together
// with its Source and Checked.
var table = []Runtime{
	{
		ID: "python3.9", Family: Python, Version: "3.9", System: amazonLinux2,
		Deprecated: "2025-12-15", CreateBlocked: "2027-02-01", UpdateBlocked: "2027-03-03",
		Source: platforms + plus + lifecycle, Checked: checked,
	},
	{
		ID: "python3.10", Family: Python, Version: "3.10", System: amazonLinux2,
		Deprecated: "2026-10-31", CreateBlocked: "2027-02-01", UpdateBlocked: "2027-03-03",
		Source: guide + plus + lifecycle + plus + platforms, Checked: checked,
	},
	{
		ID: "python3.11", Family: Python, Version: "3.11", System: amazonLinux2,
		Deprecated: "2027-06-30", CreateBlocked: "2027-07-31", UpdateBlocked: "2027-08-31",
		Source: guide + plus + lifecycle + plus + platforms, Checked: checked,
	},
	{
		ID: "python3.12", Family: Python, Version: "3.12", System: amazonLinux2023,
		Deprecated: "2028-10-31", CreateBlocked: "2028-11-30", UpdateBlocked: "2029-01-10",
		Source: guide + plus + lifecycle + plus + platforms, Checked: checked,
	},
	{
		ID: "python3.13", Family: Python, Version: "3.13", System: amazonLinux2023,
		Deprecated: "2029-06-30", CreateBlocked: "2029-07-31", UpdateBlocked: "2029-08-31",
		Source: guide + plus + lifecycle + plus + platforms, Checked: checked,
	},
	{
		ID: "python3.14", Family: Python, Version: "3.14", System: amazonLinux2023,
		Deprecated: "2029-06-30", CreateBlocked: "2029-07-31", UpdateBlocked: "2029-08-31",
		Source: guide + plus + lifecycle + plus + platforms, Checked: checked,
	},
	{
		ID: "python3.15", Family: Python, Version: "3.15", System: amazonLinux2023,
		Preview: true,
		Source:  guide + plus + inferred, Checked: checked,
	},
	{
		ID: "nodejs18.x", Family: NodeJS, Version: "18", NodeVersion: "18.20.8", System: amazonLinux2,
		Deprecated: "2025-09-01", CreateBlocked: "2027-02-01", UpdateBlocked: "2027-03-03",
		Source: lifecycle, Checked: checked,
	},
	{
		ID: "nodejs20.x", Family: NodeJS, Version: "20", NodeVersion: "20.20.0", System: amazonLinux2023,
		Deprecated: "2026-04-30", CreateBlocked: "2027-02-01", UpdateBlocked: "2027-03-03",
		Source: guide + plus + lifecycle, Checked: checked,
	},
	{
		ID: "nodejs22.x", Family: NodeJS, Version: "22", NodeVersion: "22.21.0", System: amazonLinux2023,
		Deprecated: "2027-04-30", CreateBlocked: "2027-06-01", UpdateBlocked: "2027-07-01",
		Source: guide + plus + lifecycle, Checked: checked,
	},
	{
		ID: "nodejs24.x", Family: NodeJS, Version: "24", NodeVersion: "24.11.0", System: amazonLinux2023,
		Deprecated: "2028-04-30", CreateBlocked: "2028-06-01", UpdateBlocked: "2028-07-01",
		Source: guide + plus + lifecycle, Checked: checked,
	},
	{
		ID: "nodejs26.x", Family: NodeJS, Version: "26", NodeVersion: "26.0.0", System: amazonLinux2023,
		Preview: true,
		Source:  guide + plus + inferred, Checked: checked,
	},
	{
		ID: "java8.al2", Family: Java, Version: "8", System: amazonLinux2,
		Deprecated: "2027-06-30", CreateBlocked: "2027-07-31", UpdateBlocked: "2027-08-31",
		Source: guide + plus + lifecycle, Checked: checked,
	},
	{
		ID: "java11", Family: Java, Version: "11", System: amazonLinux2,
		Deprecated: "2027-06-30", CreateBlocked: "2027-07-31", UpdateBlocked: "2027-08-31",
		Source: guide + plus + lifecycle, Checked: checked,
	},
	{
		ID: "java17", Family: Java, Version: "17", System: amazonLinux2,
		Deprecated: "2027-06-30", CreateBlocked: "2027-07-31", UpdateBlocked: "2027-08-31",
		Source: guide + plus + lifecycle, Checked: checked,
	},
	{
		ID: "java8.al2023", Family: Java, Version: "8", System: amazonLinux2023,
		Deprecated: "2029-06-30",
		Source:     guide + plus + api, Checked: checked,
	},
	{
		ID: "java11.al2023", Family: Java, Version: "11", System: amazonLinux2023,
		Deprecated: "2029-06-30",
		Source:     guide + plus + api, Checked: checked,
	},
	{
		ID: "java17.al2023", Family: Java, Version: "17", System: amazonLinux2023,
		Deprecated: "2029-06-30",
		Source:     guide + plus + api, Checked: checked,
	},
	{
		ID: "java21", Family: Java, Version: "21", System: amazonLinux2023,
		Deprecated: "2029-06-30",
		Source:     guide + plus + lifecycle, Checked: checked,
	},
	{
		ID: "java25", Family: Java, Version: "25", System: amazonLinux2023,
		Deprecated: "2029-06-30",
		Source:     guide + plus + lifecycle, Checked: checked,
	},
	{
		ID: "ruby3.2", Family: Ruby, Version: "3.2", System: amazonLinux2,
		Deprecated: "2026-03-31",
		Source:     lifecycle + plus + inferred, Checked: checked,
	},
	{
		ID: "ruby3.3", Family: Ruby, Version: "3.3", System: amazonLinux2023,
		Deprecated: "2027-03-31",
		Source:     guide, Checked: checked,
	},
	{
		ID: "ruby3.4", Family: Ruby, Version: "3.4", System: amazonLinux2023,
		Deprecated: "2028-03-31",
		Source:     guide, Checked: checked,
	},
	{
		ID: "ruby4.0", Family: Ruby, Version: "4.0", System: amazonLinux2023,
		Deprecated: "2029-03-31",
		Source:     guide, Checked: checked,
	},
	{
		ID: "provided.al2", Family: Provided, Version: "", System: amazonLinux2,
		Deprecated: "2026-07-31", CreateBlocked: "2027-02-01", UpdateBlocked: "2027-03-03",
		Source: lifecycle, Checked: checked,
	},
	{
		ID: "provided.al2023", Family: Provided, Version: "", System: amazonLinux2023,
		Deprecated: "2029-06-30",
		Source:     guide, Checked: checked,
	},
	{
		ID: "dotnet8", Family: DotNet, Version: "8", System: amazonLinux2023,
		Deprecated: "2026-11-10",
		Source:     guide, Checked: checked,
	},
	{
		ID: "dotnet10", Family: DotNet, Version: "10", System: amazonLinux2023,
		Deprecated: "2028-11-14",
		Source:     guide, Checked: checked,
	},
}
