package lambdatest

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
)

// fail answers an error in the form of the call's service.
func (c *call) fail(status int, code, message string) reply {
	header := http.Header{"X-Amzn-Requestid": {"00000000-0000-4000-8000-000000000000"}}
	switch c.service {
	case "s3":
		return asXML(status, header, struct {
			XMLName   xml.Name `xml:"Error"`
			Code      string   `xml:"Code"`
			Message   string   `xml:"Message"`
			RequestID string   `xml:"RequestId"`
		}{Code: code, Message: message, RequestID: "0000000000000000"})
	case "sts":
		type failure struct{ Type, Code, Message string }
		return asXML(status, header, struct {
			XMLName   xml.Name `xml:"ErrorResponse"`
			Error     failure
			RequestID string `xml:"RequestId"`
		}{Error: failure{"Sender", code, message}, RequestID: "00000000-0000-4000-8000-000000000000"})
	}
	side := "User"
	if status >= http.StatusInternalServerError {
		side = "Service"
	}
	header.Set("X-Amzn-Errortype", code)
	return asJSON(status, header, map[string]string{"Type": side, "message": message})
}

// invalid is Lambda's answer to a value that its model does not allow.
func (c *call) invalid(value, field, constraint string) reply {
	return c.fail(http.StatusBadRequest, "ValidationException", fmt.Sprintf(
		"1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s", value, field, constraint))
}

func ok(v any) reply { return asJSON(http.StatusOK, http.Header{}, v) }

func created(v any) reply { return asJSON(http.StatusCreated, http.Header{}, v) }

func nothing() reply { return reply{status: http.StatusNoContent, header: http.Header{}} }

func asJSON(status int, header http.Header, v any) reply {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // only types of this package come here
	}
	header.Set("Content-Type", "application/json")
	return reply{status: status, header: header, body: body}
}

func asXML(status int, header http.Header, v any) reply {
	body, err := xml.Marshal(v)
	if err != nil {
		panic(err) // only types of this package come here
	}
	header.Set("Content-Type", "text/xml")
	return reply{status: status, header: header, body: append([]byte(xml.Header), body...)}
}
