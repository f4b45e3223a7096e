package wheel

import (
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
)

// TestWrongNames: import names and modules of Python tell what to write.
func TestWrongNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"PIL": `"pillow"`, "yaml": `"PyYAML"`, "cv2": `"opencv-python-headless"`, "sklearn": `"scikit-learn"`, "bs4": `"beautifulsoup4"`, "dotenv": `"python-dotenv"`,
		"Crypto": `"pycryptodome"`, "google.protobuf": `"protobuf"`, "ruamel": `"ruamel.yaml"`,
		"json": "It is part of Python: drop the requirement.", "concurrent": "part of Python", "zoneinfo": "part of Python", "distutils": "part of Python", "xml": "part of Python",
	} {
		missing := (&Missing{Name: pep508.NormalizeName(name), Chain: "main.tf asks for it", Indexes: []string{"https://pypi.org/simple"}}).Error()
		if !strings.Contains(missing, want) || strings.Contains(missing, "private") {
			t.Errorf("%s is missing: %s", name, missing)
		}
		sdist := (&NoWheel{Name: pep508.NormalizeName(name), Version: "1.0", Chain: "main.tf asks for it", Advice: "Write python.sdist."}).Error()
		if !strings.Contains(sdist, want) || strings.Contains(sdist, "python.sdist") {
			t.Errorf("%s has no wheel: %s", name, sdist)
		}
	}
	private := (&Missing{Name: "acme-internal-billing", Chain: "main.tf asks for it"}).Error()
	if !strings.HasSuffix(private, `If it is private, name its index: index = [{ url = "https://…/simple/", packages = ["acme-internal-billing"] }].`) {
		t.Errorf("a private name: %s", private)
	}
}

// TestEveryImportedNameDiffers: a row that names itself would hide that a
// distribution is private.
func TestEveryImportedNameDiffers(t *testing.T) {
	t.Parallel()
	for name, brings := range importedFrom() {
		if pep508.NormalizeName(name) != name || pep508.NormalizeName(brings) == name {
			t.Errorf("%s is brought by %s", name, brings)
		}
	}
}

// TestMisfitsOfSeveralFiles has a reason of every verb, of one file and of several.
func TestMisfitsOfSeveralFiles(t *testing.T) {
	t.Parallel()
	for m, want := range map[Misfit][2]string{
		{Kind: NeedsGlibc, Need: "2.28"}:             {"needs glibc 2.28", "need glibc 2.28"},
		{Kind: NeedsPython, Need: "3.13"}:            {"needs Python 3.13 or newer", "need Python 3.13 or newer"},
		{Kind: RequiresPython, Need: ">=3.12"}:       {"requires Python >=3.12", "require Python >=3.12"},
		{Kind: ForABI, Need: "cp39m"}:                {"is for the ABI cp39m", "are for the ABI cp39m"},
		{Kind: ForSystem, Need: "Windows"}:           {"is for Windows", "are for Windows"},
		{Kind: Unusable, Need: "is yanked"}:          {"is yanked", "are yanked"},
		{Kind: Unusable, Need: "has no date at all"}: {"has no date at all", "have no date at all"},
	} {
		if m.String() != want[0] || m.Plural() != want[1] {
			t.Errorf("got %q and %q, want %q", m, m.Plural(), want)
		}
	}
}
