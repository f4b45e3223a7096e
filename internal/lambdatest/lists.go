package lambdatest

import (
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest/wire"
)

func (a *AWS) listLayerVersions(c *call) reply {
	_, name := layerName(c)
	var items []map[string]any
	for _, v := range a.listed(a.own(c).layers[name]) {
		if v.fits(c.URL.Query()) {
			items = append(items, v.item())
		}
	}
	slices.Reverse(items)
	return page(c, items, "LayerVersions")
}

// listed returns what a listing shows of a layer, which may be nil: no deleted version,
// and none that a lagging listing does not know yet.
func (a *AWS) listed(l *layer) []*layerVersion {
	lags := a.unlisted > 0
	if lags {
		a.unlisted--
	}
	if l == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(l.versions), func(v *layerVersion) bool {
		return v.Deleted || lags && v.serial > a.hidden
	})
}

func (a *AWS) listLayers(c *call) reply {
	var items []map[string]any
	layers := a.own(c).layers
	for _, name := range slices.Sorted(maps.Keys(layers)) {
		var newest *layerVersion
		for _, v := range layers[name].versions {
			if !v.Deleted && v.fits(c.URL.Query()) {
				newest = v
			}
		}
		if newest != nil {
			items = append(items, map[string]any{
				"LayerName": name, "LayerArn": newest.layerARN(), "LatestMatchingVersion": newest.item(),
			})
		}
	}
	return page(c, items, "Layers")
}

// fits applies the filters of listings.
func (v *layerVersion) fits(query url.Values) bool {
	runtime, architecture := query.Get("CompatibleRuntime"), query.Get("CompatibleArchitecture")
	return (runtime == "" || slices.Contains(v.Runtimes, runtime)) &&
		(architecture == "" || slices.Contains(v.Architectures, architecture))
}

// page answers the page of items that the query asks for.
func page(c *call, items []map[string]any, field string) reply {
	size := maxItems(c)
	from := 0
	if marker := c.URL.Query().Get("Marker"); marker != "" {
		plain, err := base64.StdEncoding.DecodeString(marker)
		if err == nil {
			from, err = strconv.Atoi(string(plain))
		}
		if err != nil || from < 0 || from > len(items) {
			return c.Fail(http.StatusBadRequest, "InvalidParameterValueException", "Invalid pagination token")
		}
	}
	to := min(from+size, len(items))
	answer := map[string]any{field: append([]map[string]any{}, items[from:to]...)}
	if to < len(items) {
		answer["NextMarker"] = base64.StdEncoding.EncodeToString([]byte(strconv.Itoa(to)))
	}
	return wire.OK(answer)
}

// maxItems returns how many items a page of the answer holds.
func maxItems(c *call) int {
	text := c.URL.Query().Get("MaxItems")
	if text == "" {
		return pageSize
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 10_000 {
		c.Invalid(text, "maxItems", "Member must have value between 1 and 10000").Refuse()
	}
	return min(n, pageSize)
}

// HideNewVersions makes the next n listings of layer versions leave out what
// is published from now on: a listing may lag behind a publish.
func (a *AWS) HideNewVersions(n int) {
	a.Lock()
	defer a.Unlock()
	a.unlisted, a.hidden = n, a.Next()
}
