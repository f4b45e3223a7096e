package lockfile

import (
	"os"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pythontest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

func TestPylock(t *testing.T) {
	t.Parallel()
	const head = "-- pylock.toml --\nlock-version = \"1.0\"\ncreated-by = \"hand\"\n"
	whl := func(name, version, more string) string {
		return lockText("[[packages]]\nname = \"" + name + "\"\nversion = \"" + version + "\"\n" + more +
			"wheels = [{ url = \"https://example.com/" + name + "-" + version + "-py3-none-any.whl\", hashes = { sha256 = \"HASH\" } }]\n")
	}
	const sets = "extras = [\"Fast\"]\ndependency-groups = [\"dev\", \"docs\"]\ndefault-groups = [\"main\"]\n"
	grouped := head + sets +
		whl("a", "1.0", "marker = \"'main' in dependency_groups\"\n") +
		whl("b", "1.0", "marker = \"'dev' in dependency_groups or 'docs' in dependency_groups\"\n") +
		whl("c", "1.0", "marker = \"'fast' in extras and python_version >= '3.12'\"\n") +
		whl("d", "1.0", "marker = \"sys_platform == 'win32'\"\n")
	testLockCases(t, []lockCase{{
		name: "the default group alone", file: "pylock.toml", text: grouped,
		want: []string{"a-1.0-py3-none-any.whl python3.12 x86_64"},
	}, {
		name: "a group and an extra", file: "pylock.toml", text: grouped,
		options: Options{Groups: []string{"Docs"}, Extras: []string{"fast"}}, targets: []wheel.Target{pythontest.Py311, pythontest.Py312},
		want: []string{
			"a-1.0-py3-none-any.whl python3.11 x86_64, python3.12 x86_64", "b-1.0-py3-none-any.whl python3.11 x86_64, python3.12 x86_64",
			"c-1.0-py3-none-any.whl python3.12 x86_64",
		},
	}, {
		name: "an unknown group", file: "pylock.toml", text: grouped, options: Options{Groups: []string{"test"}},
		wantErr: `reading lock file "pylock.toml": there is no dependency group "test": it has "dev", "docs", "main"`,
	}, {
		name: "an unknown extra", file: "pylock.toml", text: grouped, options: Options{Extras: []string{"slow"}},
		wantErr: `reading lock file "pylock.toml": there is no extra "slow": it has "fast"`,
	}, {
		name: "versions by Python", file: "pylock.toml", targets: []wheel.Target{pythontest.Py311, pythontest.Py312},
		text: head + whl("a", "1.0", "marker = \"python_version < '3.12'\"\n") + whl("a", "2.0", "marker = \"python_version >= '3.12'\"\n"),
		want: []string{"a-1.0-py3-none-any.whl python3.11 x86_64", "a-2.0-py3-none-any.whl python3.12 x86_64"},
	}, {
		name: "two versions at once", file: "pylock.toml", text: head + whl("a", "1.0", "") + whl("a", "2.0", ""),
		wantErr: `reading lock file "pylock.toml": a 2.0: version 1.0 of it is for python3.12 x86_64 too, and only one can be installed: lock again`,
	}, {
		name: "only SHA-512", file: "pylock.toml",
		text:    head + "[[packages]]\nname = \"a\"\nversion = \"1.0\"\nwheels = [{ url = \"https://example.com/a-1.0-py3-none-any.whl\", hashes = { sha512 = \"00\" } }]\n",
		wantErr: `reading lock file "pylock.toml": a 1.0: no SHA-256, only sha512 for "a-1.0-py3-none-any.whl": every file is verified by its SHA-256, so lock again with an index that gives it`,
	}, {
		name: "an environment that is not supported", file: "pylock.toml",
		text:    head + "environments = [\"sys_platform == 'win32'\", \"sys_platform == 'darwin'\"]\n",
		wantErr: `reading lock file "pylock.toml": it does not support python3.12 x86_64, only environments where sys_platform == 'win32' or sys_platform == 'darwin': lock again for more`,
	}, {
		name: "a package for another Python", file: "pylock.toml", text: head + whl("a", "1.0", "requires-python = \">=3.13\"\n"),
		wantErr: `reading lock file "pylock.toml": a 1.0: it is for Python >=3.13, which python3.12 is not: drop the runtime, or widen the range in the project and lock again`,
	}, {
		name: "the project itself, and an archive that is a wheel", file: "pylock.dev.toml",
		text: lockText("-- pylock.dev.toml --\nlock-version = \"1.1\"\n[[packages]]\nname = \"shop\"\ndirectory = { path = \".\" }\n" +
			"[[packages]]\nname = \"a\"\narchive = { url = \"https://example.com/a-1.0-py3-none-any.whl\", hashes = { sha256 = \"HASH\" } }\n"),
		want: []string{"a-1.0-py3-none-any.whl python3.12 x86_64"},
	}, {
		name: "a checkout", file: "pylock.toml",
		text: head + "[[packages]]\nname = \"a\"\nvcs = { type = \"hg\", url = \"https://example.com/a\", commit-id = \"0\" }\n",
		wantErr: `reading lock file "pylock.toml": a: it comes from the hg repository https://example.com/a at "0", and nothing is built from source: ` +
			`build its wheel elsewhere and give that in python.wheels, or require a release that has a wheel`,
	}, {
		name: "another format", file: "pylock.toml", text: "-- pylock.toml --\nlock-version = \"2.0\"\n",
		wantErr: `reading lock file "pylock.toml": its lock-version is 2.0, and versions 1.x are understood`,
	}, {
		name: "a malformed marker", file: "pylock.toml", text: head + whl("a", "1.0", "marker = \"python_version\"\n"),
		wantErr: `reading lock file "pylock.toml": a 1.0: its marker: parsing "python_version": expected a marker operator: == != <= >= < > ~= === in, or not in, at the end`,
	}})
}

func TestPoetryLock(t *testing.T) {
	t.Parallel()
	pkg := func(name, version, more string) string {
		return lockText("[[package]]\nname = \"" + name + "\"\nversion = \"" + version + "\"\noptional = false\npython-versions = \"*\"\n" + more)
	}
	files := func(name, version string) string {
		return lockText("files = [{ file = \"" + name + "-" + version + "-py3-none-any.whl\", hash = \"sha256:HASH\" }, { file = \"" + name + "-" + version + ".tar.gz\", hash = \"sha256:HASH\" }]\n")
	}
	meta := func(version string) string {
		return "[metadata]\nlock-version = \"" + version + "\"\npython-versions = \">=3.11,<4.0\"\ncontent-hash = \"0\"\n"
	}
	two := "-- poetry.lock --\n" +
		pkg("a", "1.0", "groups = [\"main\", \"dev\"]\nmarkers = { main = \"python_version < \\\"3.12\\\"\", dev = \"sys_platform == \\\"linux\\\"\" }\n"+files("a", "1.0")) +
		pkg("b", "1.0", "groups = [\"main\"]\nmarkers = \"extra == \\\"one\\\" or extra == \\\"two\\\"\"\n"+files("b", "1.0")) +
		pkg("c", "1.0", "groups = [\"main\"]\n"+files("c", "1.0")+"[package.source]\ntype = \"legacy\"\nurl = \"https://u:p@index.example/simple\"\nreference = \"own\"\n") +
		"[extras]\none = [\"b\"]\ntwo = [\"b\"]\n" + meta("2.1")
	testLockCases(t, []lockCase{{
		name: "markers for each group", file: "poetry.lock", text: two, targets: []wheel.Target{pythontest.Py311, pythontest.Py312},
		want: []string{"pin a==1.0 a-1.0-py3-none-any.whl  python3.11 x86_64", "pin c==1.0 c-1.0-py3-none-any.whl https://index.example/simple python3.11 x86_64, python3.12 x86_64"},
	}, {
		name: "a group and an extra", file: "poetry.lock", text: two, options: Options{Groups: []string{"dev"}, Extras: []string{"two"}},
		want: []string{
			"pin a==1.0 a-1.0-py3-none-any.whl  python3.12 x86_64", "pin b==1.0 b-1.0-py3-none-any.whl  python3.12 x86_64",
			"pin c==1.0 c-1.0-py3-none-any.whl https://index.example/simple python3.12 x86_64",
		},
	}, {
		name: "an unknown group", file: "poetry.lock", text: two, options: Options{Groups: []string{"docs"}},
		wantErr: `reading lock file "poetry.lock": there is no group "docs": it has "dev"`,
	}, {
		name: "another format", file: "poetry.lock", text: "-- poetry.lock --\n[metadata]\nlock-version = \"3.0\"\n",
		wantErr: `reading lock file "poetry.lock": its lock-version is 3.0, and versions 1.0, 1.1, 2.0 and 2.1 are understood`,
	}, {
		name: "no format", file: "poetry.lock", text: "-- poetry.lock --\n[metadata]\n",
		wantErr: `reading lock file "poetry.lock": it has no lock-version, so it is damaged or is not a poetry.lock`,
	}, {
		name: "another Python", file: "poetry.lock", text: "-- poetry.lock --\n[metadata]\nlock-version = \"2.1\"\npython-versions = \"~3.12 || ^3.13\"\n", targets: []wheel.Target{pythontest.Py312, pythontest.Arm313, pythontest.Py311},
		wantErr: `reading lock file "poetry.lock": it is for Python ~3.12 || ^3.13, which python3.11 is not: drop the runtime, or widen the range in the project and lock again`,
	}, {
		name: "the address of a wheel, and a folder", file: "app/poetry.lock", options: Options{AllowOutside: []string{os.TempDir()}},
		text: "-- app/poetry.lock --\n" +
			pkg("a", "1.0", "groups = [\"main\"]\n"+files("a", "1.0")+"[package.source]\ntype = \"url\"\nurl = \"https://example.com/a-1.0-py3-none-any.whl\"\n") +
			pkg("own-lib", "0.1", "groups = [\"main\"]\nfiles = []\ndevelop = true\n[package.source]\ntype = \"directory\"\nurl = \"../own\"\n") + meta("2.1") +
			"-- app/pyproject.toml --\n[tool.poetry.dependencies]\nown-lib = { path = \"../own\", develop = true }\n" +
			"-- own/pyproject.toml --\n[build-system]\nrequires = [\"poetry-core\"]\nbuild-backend = \"poetry.core.masonry.api\"\n-- own/own_lib/__init__.py --\n",
		want: []string{"a-1.0-py3-none-any.whl python3.12 x86_64", "local ../own/own_lib python3.12 x86_64"},
	}, {
		name: "1.1 without the project beside it", file: "poetry.lock", text: "-- poetry.lock --\n" + meta("1.1"),
		wantErr: `reading lock file "poetry.lock": locks of Poetry 1 do not tell what the project itself needs, and the pyproject.toml beside it cannot be read: put it there, or lock with Poetry 2`,
	}, {
		name: "1.1, hashes at its end, a group of its own kind", file: "poetry.lock", options: Options{Groups: []string{"dev"}},
		text: lockText("-- poetry.lock --\n" + pkg("A.b", "1.0", "category = \"main\"\n[package.dependencies]\nsetuptools = \"*\"\n") + pkg("c", "2.0", "category = \"dev\"\n") + pkg("d", "1.0", "") +
			meta("1.1") + "[metadata.files]\n\"a.b\" = [{ file = \"A.b-1.0-py3-none-any.whl\", hash = \"sha256:HASH\" }]\nc = [{ file = \"c-2.0-py2.py3-none-any.whl\", hash = \"sha256:HASH\" }]\nd = []\n" +
			"-- pyproject.toml --\n[tool.poetry.dependencies]\npython = \"^3.11\"\nA_B = \"^1\"\nd = { version = \"*\", python = \"<3.12\" }\n[tool.poetry.dev-dependencies]\nc = \"*\"\n"),
		want: []string{"pin a-b==1.0 A.b-1.0-py3-none-any.whl  python3.12 x86_64", "pin c==2.0 c-2.0-py2.py3-none-any.whl  python3.12 x86_64"},
	}, {
		name: "2.0, the version that all admit", file: "poetry.lock", targets: []wheel.Target{pythontest.Py311, pythontest.Py312},
		text: "-- poetry.lock --\n" + pkg("n", "1.26", files("n", "1.26")) + pkg("n", "2.1", files("n", "2.1")) +
			pkg("p", "1.0", files("p", "1.0")+"[package.dependencies]\nn = [{ version = \">=1.22\", markers = \"python_version < \\\"3.12\\\"\" }, { version = \">=1.26\", markers = \"python_version >= \\\"3.12\\\"\" }]\n") + meta("2.0") +
			"-- pyproject.toml --\n[tool.poetry.dependencies]\npython = \"^3.11\"\np = \"*\"\nn = [{ version = \"~1.26\", python = \"<3.12\" }, { version = \"^2.0\", python = \">=3.12\" }]\n",
		want: []string{
			"pin n==1.26 n-1.26-py3-none-any.whl  python3.11 x86_64", "pin n==2.1 n-2.1-py3-none-any.whl  python3.12 x86_64",
			"pin p==1.0 p-1.0-py3-none-any.whl  python3.11 x86_64, python3.12 x86_64",
		},
	}, {
		name: "2.0, no version that all admit", file: "poetry.lock",
		text: "-- poetry.lock --\n" + pkg("n", "1.0", files("n", "1.0")) + pkg("n", "2.0", files("n", "2.0")) + meta("2.0") +
			"-- pyproject.toml --\n[tool.poetry.dependencies]\nn = \">2\"\n",
		wantErr: `reading lock file "poetry.lock": n 2.0: no version of it in the lock file fits all that need it on python3.12 x86_64: lock again`,
	}})
}

func TestPipfileLock(t *testing.T) {
	t.Parallel()
	lock := func(meta, sections string) string {
		return lockText("-- Pipfile.lock --\n{\"_meta\": {\"pipfile-spec\": 6, " + meta + `"sources": [{"name": "pypi", "url": "https://pypi.org/simple"}, {"name": "own", "url": "https://$USER:${PASS}@index.example/simple"}]}, ` + sections + "}\n")
	}
	const a, b = `"A_b": {"hashes": ["sha256:HASH", "sha512:00"], "index": "own", "version": "==1.0", "extras": ["x"]}`, `"b": {"hashes": ["sha256:HASH"], "version": "==2.0", "markers": "python_version < '3.12'"}`
	testLockCases(t, []lockCase{{
		name: "the default section", file: "Pipfile.lock", targets: []wheel.Target{pythontest.Py311, pythontest.Py312},
		text: lock("", `"default": {`+a+`, `+b+`}, "develop": {"c": {}}`),
		want: []string{"pin a-b==1.0  https://index.example/simple python3.11 x86_64, python3.12 x86_64", "pin b==2.0  https://pypi.org/simple python3.11 x86_64"},
	}, {
		name: "a category", file: "Pipfile.lock", options: Options{Groups: []string{"Prod"}},
		text: lock("", `"default": {}, "prod": {`+a+`}`),
		want: []string{"pin a-b==1.0  https://index.example/simple python3.12 x86_64"},
	}, {
		name: "an unknown category", file: "Pipfile.lock", options: Options{Groups: []string{"dev"}},
		text:    lock("", `"default": {}, "develop": {}`),
		wantErr: `reading lock file "Pipfile.lock": there is no group "dev": it has "develop"`,
	}, {
		name: "an extra", file: "Pipfile.lock", options: Options{Extras: []string{"x"}},
		text:    lock("", `"default": {}`),
		wantErr: `reading lock file "Pipfile.lock": there is no extra "x": it has none`,
	}, {
		name: "made for another Python", file: "Pipfile.lock", targets: []wheel.Target{pythontest.Py311, pythontest.Py312},
		text:    lock(`"requires": {"python_version": "3.11"}, `, `"default": {}`),
		wantErr: `reading lock file "Pipfile.lock": it was locked for Python 3.11 alone, and python3.12 may need other distributions: drop the runtime, or lock again with python_version = "3.12" in the Pipfile`,
	}, {
		name: "no pin", file: "Pipfile.lock",
		text: lock("", `"default": {"colorama": {"version": "*"}}`),
		wantErr: `reading lock file "Pipfile.lock": colorama: its version "*" is not a pin: Pipenv could not resolve it where it ran; ` +
			`if it is for another system, write its marker as markers = "…" in the Pipfile, and lock again`,
	}, {
		name: "no hash", file: "Pipfile.lock",
		text:    lock("", `"default": {"a": {"version": "==1.0", "hashes": ["sha512:00"]}}`),
		wantErr: `reading lock file "Pipfile.lock": a 1.0: it has no SHA-256: every file is verified, so lock again with an index that gives it`,
	}, {
		name: "groups that differ", file: "Pipfile.lock", options: Options{Groups: []string{"develop"}},
		text:    lock("", `"default": {`+a+`}, "develop": {"a-b": {"version": "==2.0"}}`),
		wantErr: `reading lock file "Pipfile.lock": a-b: two of the wanted groups lock it, at "==1.0" and "==2.0": lock again`,
	}, {
		name: "git", file: "Pipfile.lock",
		text: lock("", `"default": {"a": {"git": "https://example.com/a.git", "ref": "0"}}`),
		wantErr: `reading lock file "Pipfile.lock": a: it comes from the git repository https://example.com/a.git at "0", and nothing is built from source: ` +
			`build its wheel elsewhere and give that in python.wheels, or require a release that has a wheel`,
	}, {
		name: "the address of a wheel, and the project itself", file: "Pipfile.lock",
		text: lock("", `"default": {"a": {"file": "https://example.com/a-1.0-py3-none-any.whl", "hashes": ["sha256:HASH"]}, "shop": {"path": ".", "editable": true}}`),
		want: []string{"a-1.0-py3-none-any.whl python3.12 x86_64"},
	}, {
		name: "another format", file: "Pipfile.lock", text: "-- Pipfile.lock --\n{}\n",
		wantErr: `reading lock file "Pipfile.lock": its pipfile-spec is 0, and version 6 is understood`,
	}, {
		name: "not JSON", file: "Pipfile.lock", text: "-- Pipfile.lock --\n{\"_meta\": }\n",
		wantErr: `reading lock file "Pipfile.lock": line 1, column 11: invalid character '}' looking for beginning of value`,
	}})
}
