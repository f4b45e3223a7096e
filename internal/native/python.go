package native

// pythonSince maps functions and objects of Python's C API to the minor version
// of CPython 3 that exports them first. It lists what entered the stable ABI
// as a new name after 3.9 ("Contents of Limited API", Misc/stable_abi.toml): only
// modules for the stable ABI are loaded by several versions. Names that older
// versions export, too, but count as stable only since, are left out, such as
// PyObject_GetBuffer. Read 2026-11-30.
var pythonSince = func() map[string]int {
	since := map[string]int{}
	for minor, names := range map[int][]string{
		10: {
			"PyAIter_Check", "PyCodec_Unregister", "PyErr_SetInterruptEx", "PyExc_EncodingWarning", "PyGC_Disable", "PyGC_Enable",
			"PyGC_IsEnabled", "PyIter_Send", "PyModule_AddObjectRef", "PyObject_GetAIter", "Py_Is", "Py_IsFalse", "Py_IsNone",
			"Py_IsTrue", "Py_NewRef", "Py_XNewRef",
		},
		11: {
			"PyErr_GetHandledException", "PyErr_SetHandledException", "PyExc_BaseExceptionGroup", "PyType_GetName",
			"PyType_GetQualName", "Py_Version",
		},
		12: {
			"PyErr_DisplayException", "PyErr_GetRaisedException", "PyErr_SetRaisedException", "PyException_GetArgs",
			"PyException_SetArgs", "PyObject_GetTypeData", "PyType_FromMetaclass", "PyType_GetTypeDataSize", "PyVectorcall_NARGS",
		},
		13: {
			"PyDict_GetItemRef", "PyDict_GetItemStringRef", "PyEval_GetFrameBuiltins", "PyEval_GetFrameGlobals",
			"PyEval_GetFrameLocals", "PyImport_AddModuleRef", "PyList_GetItemRef", "PyLong_AsInt", "PyMapping_GetOptionalItem",
			"PyMapping_GetOptionalItemString", "PyMapping_HasKeyStringWithError", "PyMapping_HasKeyWithError", "PyModule_Add",
			"PyObject_GetOptionalAttr", "PyObject_GetOptionalAttrString", "PyObject_HasAttrStringWithError",
			"PyObject_HasAttrWithError", "PySys_AuditTuple", "PyType_GetFullyQualifiedName", "PyType_GetModuleName",
			"PyUnicode_EqualToUTF8", "PyUnicode_EqualToUTF8AndSize", "PyWeakref_GetRef", "Py_GetConstant",
			"Py_GetConstantBorrowed", "Py_IsFinalizing",
		},
		14: {
			"PyIter_NextItem", "PyLong_AsInt32", "PyLong_AsInt64", "PyLong_AsUInt32", "PyLong_AsUInt64", "PyLong_FromInt32",
			"PyLong_FromInt64", "PyLong_FromUInt32", "PyLong_FromUInt64", "PyType_Freeze", "PyType_GetBaseByToken",
			"PyUnicode_Equal", "Py_PACK_FULL_VERSION", "Py_PACK_VERSION",
		},
		15: {"PyABIInfo_Check", "PyModule_FromSlotsAndSpec", "PyThreadState_Ensure", "PyThreadState_Release", "PyType_FromSlots"},
	} {
		for _, name := range names {
			since[name] = minor
		}
	}
	return since
}()
