// Writes ONNX models: the few messages of the format (onnx.proto, IR version 8) that a graph without subgraphs needs, and a builder.

import protobuf from 'protobufjs';

const SCHEMA = `
syntax = "proto3";
message AttributeProto { string name = 1; float f = 2; int64 i = 3; repeated int64 ints = 8; int32 type = 20; }
message NodeProto { repeated string input = 1; repeated string output = 2; string op_type = 4; repeated AttributeProto attribute = 5; string domain = 7; }
message TensorProto { repeated int64 dims = 1; int32 data_type = 2; string name = 8; bytes raw_data = 9; }
message Dimension { oneof value { int64 dim_value = 1; string dim_param = 2; } }
message TensorShapeProto { repeated Dimension dim = 1; }
message Tensor { int32 elem_type = 1; TensorShapeProto shape = 2; }
message TypeProto { oneof value { Tensor tensor_type = 1; } }
message ValueInfoProto { string name = 1; TypeProto type = 2; }
message GraphProto { repeated NodeProto node = 1; string name = 2; repeated TensorProto initializer = 5; repeated ValueInfoProto input = 11; repeated ValueInfoProto output = 12; }
message OperatorSetIdProto { string domain = 1; int64 version = 2; }
message ModelProto { int64 ir_version = 1; string producer_name = 2; GraphProto graph = 7; repeated OperatorSetIdProto opset_import = 8; }
`;
const { root } = protobuf.parse(SCHEMA, { keepCase: true });

/** Numbers of TensorProto.DataType. */
const TYPES = { float: 1, uint8: 2, int8: 3, int64: 7 };
const FLOAT = 1;
const INT = 2;
const INTS = 7;
const OPSET = 17;

/** A graph that is put together node by node; every method returns the name of what it made. */
export class Graph {
  constructor(name) {
    this.graph = { name, node: [], initializer: [], input: [], output: [] };
    this.made = 0;
  }

  /** `shape`: numbers, or names of sizes that are only known when it runs. */
  static value(name, type, shape) {
    const dim = shape.map((size) => (typeof size === 'number' ? { dim_value: size } : { dim_param: size }));
    return { name, type: { tensor_type: { elem_type: TYPES[type], shape: { dim } } } };
  }

  input(name, type, shape) {
    this.graph.input.push(Graph.value(name, type, shape));
    return name;
  }

  output(name, type, shape, from) {
    this.node('Identity', [from], {}, name);
    this.graph.output.push(Graph.value(name, type, shape));
  }

  constant(type, dims, values) {
    const name = `c${(this.made += 1)}`;
    this.graph.initializer.push({ name, dims, data_type: TYPES[type], raw_data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) });
    return name;
  }

  number(value) {
    return this.constant('float', [], new Float32Array([value]));
  }

  shape(values) {
    return this.constant('int64', [values.length], new BigInt64Array(values.map(BigInt)));
  }

  /** One node with one output, or with the names in `outputs`. */
  node(op_type, input, attributes = {}, outputs = undefined) {
    const attribute = Object.entries(attributes).map(([name, value]) => {
      if (Array.isArray(value)) return { name, ints: value, type: INTS };
      return Number.isInteger(value) ? { name, i: value, type: INT } : { name, f: value, type: FLOAT };
    });
    const output = outputs === undefined ? [`x${(this.made += 1)}`] : [outputs].flat();
    this.graph.node.push({ op_type, input, output, attribute, domain: '' });
    return output[0];
  }

  bytes() {
    const model = { ir_version: 8, producer_name: 'mambaformer', graph: this.graph, opset_import: [{ domain: '', version: OPSET }] };
    const type = root.lookupType('ModelProto');
    const wrong = type.verify(model);
    if (wrong) throw new Error(`the graph is no ONNX model: ${wrong}`);
    return type.encode(type.create(model)).finish();
  }
}
