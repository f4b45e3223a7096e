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
		sdist := (&NoWheel{Name: pep508.NormalizeName(name), Version: "1.0", Chain: "main.tf asks for it", Sdist: true, Advice: "Write python.sdist."}).Error()
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
