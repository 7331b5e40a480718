// Reads and commands a slave at a serial port with modbus-serial; prints what it got as one JSON object.
//     node read_registers.js PORT UNIT

const Modbus = require("modbus-serial");

const [path, unit] = process.argv.slice(2);
const client = new Modbus();
const answers = {};

// Keeps the answer of one call, or the exception's code.
async function ask(name, call) {
  try {
    const answer = await call();
    answers[name] = answer.data ?? answer;
  } catch (error) {
    answers[name] = { exception: error.modbusCode ?? String(error) };
  }
}

async function main() {
  await client.connectRTUBuffered(path, { baudRate: 9600, parity: "none", lock: false });
  client.setID(Number(unit));
  client.setTimeout(3000);
  await ask("state", () => client.readHoldingRegisters(0, 20));
  await ask("power", () => client.readInputRegisters(1008, 4));
  await ask("mark", () => client.readHoldingRegisters(40000, 4));
  await ask("meter", () => client.readHoldingRegisters(40070, 107));
  await ask("inputs", () => client.readDiscreteInputs(0, 5));
  await ask("outputs", () => client.readCoils(0, 2));
  await ask("beyond", () => client.readHoldingRegisters(100, 1));
  await ask("write", () => client.writeRegister(0, 1));
  await ask("coil", () => client.writeCoil(0, true));
  await ask("coils", () => client.writeCoils(0, [false, true]));
  await ask("identity", () => client.readDeviceIdentification(1, 0));
  client.close(() => {});
  console.log(JSON.stringify(answers));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
