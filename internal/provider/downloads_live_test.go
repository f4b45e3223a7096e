//go:build live

package provider

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// packPrograms writes a tar.xz by the tarfile of Python, laid out as the static
// builds of FFmpeg are.
const packPrograms = `
import sys, tarfile
with tarfile.open(sys.argv[2], "w:xz", preset=1) as t:
    t.add(sys.argv[1], "ffmpeg-7.0-static/ffmpeg")
    t.add(sys.argv[1], "ffmpeg-7.0-static/ffprobe")
    t.add(sys.argv[3], "ffmpeg-7.0-static/readme.txt")
`

// cutVideo is a function that finds ffmpeg on PATH, called with a video that it
// makes first.
const cutVideo = `
import os, subprocess, sys
bin, dir = sys.argv[1:]
os.environ["PATH"] = bin
def lambda_handler(event, context):
    output = os.path.join(dir, "output.mp4")
    result = subprocess.run(["ffmpeg", "-i", event["video_url"], "-ss", "00:00:02", "-t", "3", "-c:v", "libx264", "-c:a", "aac", "-y", output],
                            capture_output=True, text=True)
    if result.returncode != 0:
        return {"statusCode": 500, "body": f"FFmpeg error: {result.stderr}"}
    return {"statusCode": 200 if os.path.getsize(output) > 1000 else 500, "body": output}
video = os.path.join(dir, "input.mp4")
subprocess.run(["ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc=duration=8:size=160x120:rate=5",
                "-f", "lavfi", "-i", "sine=duration=8", "-c:v", "libx264", "-c:a", "aac", "-y", video], check=True)
print(lambda_handler({"video_url": video}, None)["statusCode"])
`

// ffmpeg returns the static program that the wheel of imageio-ffmpeg for a
// platform brings.
func ffmpeg(t *testing.T, platform string) string {
	t.Helper()
	dir := t.TempDir()
	pip := exec.CommandContext(t.Context(), testbed(t, "pip"), "install", "--quiet", "--disable-pip-version-check", "--no-deps",
		"--only-binary=:all:", "--platform", platform, "--target", dir, "imageio-ffmpeg")
	if out, err := pip.CombinedOutput(); err != nil {
		t.Fatalf("pip install: %v\n%s", err, out)
	}
	found, err := filepath.Glob(filepath.Join(dir, "imageio_ffmpeg", "binaries", "ffmpeg-linux-*"))
	if err != nil || len(found) != 1 {
		t.Fatalf("the wheel for %s brings %q, %v", platform, found, err)
	}
	return found[0]
}

// TestFFmpegLayerRuns builds the layer of FFmpeg from a tar.xz as its static
// builds come, and runs it from the unzipped layer.
func TestFFmpegLayerRuns(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	readme := filepath.Join(dir, "readme.txt")
	if err := os.WriteFile(readme, []byte("static builds\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for platform, name := range map[string]string{"manylinux2014_x86_64": "amd64.tar.xz", "manylinux2014_aarch64": "arm64.tar.xz"} {
		pack := exec.CommandContext(t.Context(), testbed(t, "python"), "-c", packPrograms, ffmpeg(t, platform), filepath.Join(dir, name), readme)
		if out, err := pack.CombinedOutput(); err != nil {
			t.Fatalf("packing %s: %v\n%s", name, err, out)
		}
	}
	served := httptest.NewServer(http.FileServer(http.Dir(dir)))
	t.Cleanup(served.Close)
	config := func(name string) string {
		return requiredProvider + fmt.Sprintf(`
resource "layerbuild_package" "ffmpeg" {
  runtimes    = ["python3.11", "python3.12", "nodejs20.x"]
  output_path = "layer.zip"
  checks      = { runtime_dates = "off" }
  downloads   = [{ url = "%s/%s", files = { "*/ffmpeg" = "bin/ffmpeg", "*/ffprobe" = "bin/ffprobe" } }]
}
`, served.URL, name)
	}
	m := newMachine(t, nil)
	m.write("main.tf", config("amd64.tar.xz"))
	m.terraform(0, "apply", "-auto-approve")
	m.terraform(0, "plan", "-detailed-exitcode")
	root := extract(t, filepath.Join(m.dir, "layer.zip"))
	entries, err := os.ReadDir(filepath.Join(root, "bin"))
	if err != nil || len(entries) != 2 {
		t.Fatalf("bin/ holds %v, %v", entries, err)
	}
	for _, name := range []string{"ffmpeg", "ffprobe"} {
		out, err := exec.CommandContext(t.Context(), filepath.Join(root, "bin", name), "-version").CombinedOutput()
		if err != nil || !strings.HasPrefix(string(out), "ffmpeg version") {
			t.Errorf("bin/%s -version: %v\n%s", name, err, out)
		}
	}
	cutter := exec.CommandContext(t.Context(), testbed(t, "python"), "-c", cutVideo, filepath.Join(root, "bin"), dir)
	if out, err := cutter.CombinedOutput(); err != nil || strings.TrimSpace(string(out)) != "200" {
		t.Errorf("the function that cuts videos: %v\n%s", err, out)
	}
	other := newMachine(t, nil)
	other.write("main.tf", config("arm64.tar.xz"))
	printed := strings.Join(strings.Fields(strings.ReplaceAll(other.terraform(1, "plan"), "│", " ")), " ")
	if want := `"bin/ffmpeg" is for arm64, the layer for x86_64`; !strings.Contains(printed, want) {
		t.Errorf("the plan does not say %q:\n%s", want, printed)
	}
}
