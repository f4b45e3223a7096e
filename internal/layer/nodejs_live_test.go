//go:build live

package layer

import (
	"archive/zip"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
)

// npm runs the npm of the machine in a folder, as for the runtimes.
func npm(t *testing.T, dir, cpu string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "npm", append(args, "--os=linux", "--cpu="+cpu, "--libc=glibc", "--no-audit", "--no-fund")...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("npm %v: %v\n%s", args, err, out)
	}
}

// project writes a package.json and lets npm lock it.
func project(t *testing.T, cpu, packageJSON string) string {
	t.Helper()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "package.json"), packageJSON)
	npm(t, dir, cpu, "install", "--package-lock-only")
	return dir
}

// installed lists the files of a folder: digest, and x where the owner may run
// it. The commands of .bin are links, which no layer needs.
func installed(t *testing.T, root string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		if d.IsDir() && d.Name() == ".bin" {
			return fs.SkipDir
		}
		if !d.Type().IsRegular() || rel == ".package-lock.json" {
			return nil
		}
		body, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		files[filepath.ToSlash(rel)] = fingerprint(body, info.Mode())
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func fingerprint(body []byte, mode fs.FileMode) string {
	return fmt.Sprintf("%x %t", sha256.Sum256(body), mode&0o100 != 0)
}

// packedFiles lists the files of a zip below a folder, as installed does.
func packedFiles(t *testing.T, name, below string) map[string]string {
	t.Helper()
	files := map[string]string{}
	for f, body := range zipEntries(t, name) {
		rest, ok := strings.CutPrefix(f.Name, below)
		if !ok {
			t.Errorf("%s lies outside of %s", f.Name, below)
		}
		files[rest] = fingerprint(body, f.Mode())
	}
	return files
}

func liveBuilder(t *testing.T) *Builder {
	t.Helper()
	return NewBuilder(Options{CacheDir: t.TempDir(), UserAgent: "test", Getenv: os.Getenv, Environ: os.Environ})
}

// TestFilesAreThoseOfNpm packs lock files of the machine's npm, and holds every
// file and exec bit against what "npm ci" of the same npm installs.
func TestFilesAreThoseOfNpm(t *testing.T) {
	for _, c := range []struct{ name, cpu, packageJSON string }{
		{"the seed", "x64", `{"dependencies":{"lodash":"^4.17.21","axios":"^1.7.0","uuid":"^9.0.0","dayjs":"^1.11.0"}}`},
		{"express with what only development needs", "x64", `{"dependencies":{"express":"^4"},"devDependencies":{"typescript":"^5"}}`},
		{"native code for arm64", "arm64", `{"dependencies":{"sharp":"0.33.5","esbuild":"0.24.0"}}`},
		{"packages that come along", "x64", `{"dependencies":{"@npmcli/metavuln-calculator":"^7","npm-bundled":"^3","cacache":"18"}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := project(t, c.cpu, c.packageJSON)
			npm(t, dir, c.cpu, "ci", "--omit=dev", "--ignore-scripts")
			arch := map[string]string{"x64": "x86_64", "arm64": "arm64"}[c.cpu]
			b := liveBuilder(t)
			l := resolve(t, b, Spec{
				Runtimes: []string{"nodejs20.x"}, Architectures: []string{arch},
				NodeJS: &NodeSpec{LockFile: filepath.Join(dir, "package-lock.json")},
			}, nil)
			out := filepath.Join(t.TempDir(), "layer.zip")
			build(t, b, l, Output{Path: out, Scripts: fault.SeverityOff, Shadow: fault.SeverityOff})
			got, want := packedFiles(t, out, "nodejs/node_modules/"), installed(t, filepath.Join(dir, "node_modules"))
			for _, name := range slices.Sorted(maps.Keys(want)) {
				if got[name] != want[name] {
					t.Errorf("%s: got %q, want %q", name, got[name], want[name])
				}
			}
			for name := range got {
				if want[name] == "" {
					t.Errorf("%s is not installed by npm", name)
				}
			}
			t.Logf("%d files", len(want))
		})
	}
}

// hook lets import look where NODE_PATH says, as Lambda's runtimes do and a
// plain Node.js does not.
const hook = `import { pathToFileURL } from 'node:url';
export async function resolve(name, context, next) {
  try {
    return await next(name, context);
  } catch (e) {
    for (const dir of process.env.NODE_PATH.split(':')) {
      try {
        return await next(name, { ...context, parentURL: pathToFileURL(dir.replace(/node_modules$/, 'x.js')).href });
      } catch {}
    }
    throw e;
  }
}
`

// TestSeedLayerRuns loads every package of the seed's layer by the machine's
// Node.js: by require, and by import.
func TestSeedLayerRuns(t *testing.T) {
	b := liveBuilder(t)
	s := nodeSpec("lodash ^4.17.21", "axios ^1.7.0", "uuid ^9.0.0", "dayjs ^1.11.0")
	s.Runtimes, s.Architectures = []string{"nodejs20.x", "nodejs22.x"}, []string{"x86_64", "arm64"}
	l := resolve(t, b, s, nil)
	out, opt := filepath.Join(t.TempDir(), "layer.zip"), t.TempDir()
	build(t, b, l, Output{Path: out, Scripts: fault.SeverityError, Shadow: fault.SeverityOff})
	extract(t, out, opt)
	writeFile(t, filepath.Join(opt, "hook.mjs"), hook)
	task := t.TempDir() // a function's own folder, with nothing installed
	writeFile(t, filepath.Join(task, "required.cjs"), `const all = ['lodash', 'axios', 'uuid', 'dayjs'].map(require);
console.log(all[0].chunk([1, 2, 3], 2).length, typeof all[1].get, all[2].validate(all[2].v4()), all[3]('2026-01-31').format('YYYY'));
`)
	writeFile(t, filepath.Join(task, "imported.mjs"), `import lodash from 'lodash'; import axios from 'axios'; import { v4, validate } from 'uuid'; import dayjs from 'dayjs';
console.log(lodash.chunk([1, 2, 3], 2).length, typeof axios.get, validate(v4()), dayjs('2026-01-31').format('YYYY'));
`)
	for _, args := range [][]string{
		{"required.cjs"},
		{"--import", "data:text/javascript,import{register}from'node:module';register('file://" + opt + "/hook.mjs')", "imported.mjs"},
	} {
		cmd := exec.CommandContext(t.Context(), "node", args...)
		cmd.Dir = task
		cmd.Env = append(os.Environ(), "NODE_PATH="+opt+"/nodejs/node20/node_modules:"+opt+"/nodejs/node_modules")
		printed, err := cmd.CombinedOutput()
		if got, want := string(printed), "2 function true 2026\n"; err != nil || got != want {
			t.Errorf("node %s: %v, printed %q, want %q", args[len(args)-1], err, got, want)
		}
	}
}

// extract unpacks a layer as Lambda does below /opt.
func extract(t *testing.T, name, root string) {
	t.Helper()
	r, err := zip.OpenReader(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	if err := os.CopyFS(root, r); err != nil {
		t.Fatal(err)
	}
}

// TestNativeCodeIsForTheTarget packs sharp for arm64, on whatever machine.
func TestNativeCodeIsForTheTarget(t *testing.T) {
	b := liveBuilder(t)
	s := nodeSpec("sharp 0.33.5", "esbuild 0.24.0")
	s.Architectures = []string{"arm64"}
	l := resolve(t, b, s, nil)
	out := filepath.Join(t.TempDir(), "layer.zip")
	build(t, b, l, Output{Path: out, Scripts: fault.SeverityError, Shadow: fault.SeverityOff}) // its scripts are no fault
	r, err := zip.OpenReader(out)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	native := 0
	for _, f := range r.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		header := make([]byte, 20)
		_, err = io.ReadFull(in, header)
		if err != nil || !strings.HasPrefix(string(header), "\x7fELF") {
			continue
		}
		native++
		if header[18] != 183 || strings.Contains(f.Name, "musl") {
			t.Errorf("%s is for machine %d, want 183 and glibc", f.Name, header[18])
		}
	}
	contents := l.Contents()
	for _, name := range []string{"nodejs:@img/sharp-linux-arm64", "nodejs:@img/sharp-libvips-linux-arm64", "nodejs:@esbuild/linux-arm64"} {
		if contents[name] == "" {
			t.Errorf("%s is missing in %v", name, contents)
		}
	}
	if native != 3 {
		t.Errorf("%d files of native code, want sharp's, libvips' and esbuild's", native)
	}
}
